import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConfigError } from '../../config/configError.ts'
import type { LateLog } from '../../log/late.ts'
import { publicKeysIn, type ServiceKey } from './keys.ts'
import { keepLooking } from './keepLooking.ts'

/** A file of public keys. */
interface KeyFile {
  readonly text: string
  readonly keys: readonly ServiceKey[]
}

/** What public keys depend on. */
export interface PublicKeysEnvironment {
  readonly log: Pick<LateLog, 'info' | 'error'>
  /** Called when the keys are others than before. */
  readonly onChange: () => void
}

/** How often tokens with unknown keys may cause a look into the folder, in milliseconds. */
const unknownMs = 1000

/**
 * The public keys of services: a folder with a file `<service>.pem` for each.
 *
 * It is read at start, every 10 s, and for a token with an unknown key. A file that cannot be used changes nothing.
 */
export class PublicKeys {
  readonly #folder: string
  readonly #environment: PublicKeysEnvironment
  #files: ReadonlyMap<string, KeyFile> = new Map()
  /** The texts of files that cannot be used, each reported once. */
  readonly #wrong = new Map<string, string>()
  #lookedAt = Number.NEGATIVE_INFINITY
  #looking: Promise<void> | undefined
  #stop: () => void = () => {}

  private constructor(folder: string, environment: PublicKeysEnvironment) {
    this.#folder = folder
    this.#environment = environment
  }

  /** @throws {ConfigError} when the folder, or a file in it, cannot be read */
  static async open(folder: string | URL, environment: PublicKeysEnvironment): Promise<PublicKeys> {
    const path = typeof folder === 'string' ? folder : fileURLToPath(folder)
    const keys = new PublicKeys(path, environment)
    try {
      await keys.#look(rejecting)
    } catch (cause) {
      throw new ConfigError(`the public keys of services cannot be read from ${path}: ${(cause as Error).message}`, {
        cause,
      })
    }
    const failed = (error: Error, file: string): void =>
      environment.log.error({ file, error: error.message }, 'the old public keys stay: the new ones cannot be used')
    keys.#stop = keepLooking(
      () => keys.#again(),
      (error) => failed(error, path),
    )
    keys.#onWrong = failed
    return keys
  }

  /** Returns a key of a service; undefined if it has no such key. */
  async find(service: string, id: string): Promise<ServiceKey | undefined> {
    const known = this.#known(service, id)
    if (known || performance.now() - this.#lookedAt < unknownMs) return known
    await this.#again().catch(() => {}) // logged by the next look
    return this.#known(service, id)
  }

  close(): void {
    this.#stop()
  }

  #onWrong: (error: Error, file: string) => void = rejecting

  #known(service: string, id: string): ServiceKey | undefined {
    return this.#files.get(service)?.keys.find((key) => key.id === id)
  }

  /** Looks once for all who ask at the same time. */
  #again(): Promise<void> {
    return (this.#looking ??= this.#look(this.#onWrong).finally(() => (this.#looking = undefined)))
  }

  async #look(onWrong: (error: Error, file: string) => void): Promise<void> {
    this.#lookedAt = performance.now()
    const names = (await readdir(this.#folder)).filter((name) => /^[A-Za-z0-9].*\.pem$/.test(name))
    const read = await Promise.all(names.map((name) => readFile(join(this.#folder, name), 'utf8')))
    const files = new Map<string, KeyFile>()
    for (const [i, name] of names.entries()) {
      const service = name.slice(0, -'.pem'.length)
      const file = this.#parsed(service, read[i]!, onWrong)
      if (file) files.set(service, file)
    }
    if (isSame(files, this.#files)) return
    const isFirst = this.#files.size === 0
    this.#files = files
    this.#environment.onChange()
    if (!isFirst) this.#environment.log.info({ services: [...files.keys()] }, 'new public keys of services')
  }

  /** Returns a file with its keys; the file as it was before if it cannot be used. */
  #parsed(service: string, text: string, onWrong: (error: Error, file: string) => void): KeyFile | undefined {
    const before = this.#files.get(service)
    if (before?.text === text) return before
    try {
      return { text, keys: publicKeysIn(text) }
    } catch (error) {
      if (this.#wrong.get(service) !== text) onWrong(error as Error, join(this.#folder, `${service}.pem`))
      this.#wrong.set(service, text)
      return before
    }
  }
}

function rejecting(error: Error, file: string): never {
  throw new TypeError(`${file}: ${error.message}`, { cause: error })
}

function isSame(some: ReadonlyMap<string, KeyFile>, others: ReadonlyMap<string, KeyFile>): boolean {
  return some.size === others.size && [...some].every(([service, { text }]) => others.get(service)?.text === text)
}
