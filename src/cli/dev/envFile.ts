import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'

/** Loads a `.env` file into this process's environment. Variables that are already set win. */
export class EnvFile {
  readonly path: string
  readonly #env: NodeJS.ProcessEnv
  #names: string[] = []

  constructor(path: string, env: NodeJS.ProcessEnv) {
    this.path = path
    this.#env = env
  }

  /** Reads the file and replaces the variables of the last read. A missing file has no variables. */
  read(): void {
    for (const name of this.#names) delete this.#env[name]
    const variables = parseEnv(textOf(this.path))
    this.#names = Object.keys(variables).filter((name) => this.#env[name] === undefined)
    for (const name of this.#names) this.#env[name] = variables[name]
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
