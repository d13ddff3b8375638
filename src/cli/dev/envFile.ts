import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseEnv } from 'node:util'

/** Loads a `.env` file into this process's environment. Variables that are already set win. */
export class EnvFile {
  readonly path: string
  readonly #env: NodeJS.ProcessEnv
  readonly #warn: (line: string) => void
  #names: string[] = []

  /** `warn` gets a line about each line that sets nothing. */
  constructor(path: string, env: NodeJS.ProcessEnv, warn: (line: string) => void) {
    this.path = path
    this.#env = env
    this.#warn = warn
  }

  /** Whether the value of a variable comes from the file. */
  sets(name: string): boolean {
    return this.#names.includes(name)
  }

  /** Reads the file and replaces the variables of the last read. A missing file has no variables. */
  read(): void {
    const { text, wrongLines } = withoutWrongLines(textOf(this.path))
    for (const number of wrongLines) {
      this.#warn(`${basename(this.path)}, line ${number}: expected NAME=value, found no "="; the line is ignored`)
    }
    for (const name of this.#names) delete this.#env[name]
    const variables = parseEnv(text)
    this.#names = Object.keys(variables).filter((name) => this.#env[name] === undefined)
    for (const name of this.#names) this.#env[name] = variables[name]
  }
}

/**
 * Removes the lines that belong to no assignment: `parseEnv` joins some of them, such as an indented comment, with the next
 * line. Returns the numbers of those that are no comment either, because their text may be secret.
 */
function withoutWrongLines(text: string): { readonly text: string; readonly wrongLines: readonly number[] } {
  const rest = text.replace(assignment, (assigned) => assigned.replace(/[^\n]/g, '')).split('\n')
  const right = text.split('\n').filter((_line, i) => rest[i]!.trim() === '')
  return { text: right.join('\n'), wrongLines: rest.flatMap((line, i) => (/^\s*(?:#.*)?$/.test(line) ? [] : [i + 1])) }
}

/** An assignment, whose quoted value may have several lines. */
const assignment = /^[^\S\n]*(?:export\s+)?[^\s=#]+[^\S\n]*=[^\S\n]*(?:"[^"]*"|'[^']*'|`[^`]*`)?[^\n]*$/gm

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
