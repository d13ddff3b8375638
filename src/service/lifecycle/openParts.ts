import { ConfigError } from '../../config/configError.ts'
import type { Contract } from '../../contract/contract.ts'
import type { ContextValues } from '../request/baseContext.ts'
import type { Host, Opened, Part } from '../part.ts'
import { tables } from '../parts/tables.ts'
import type { Checks } from './readiness.ts'
import { isDoneWithin } from '../../time/timeout.ts'
import type { RunStep } from './shutdown.ts'

/** A part with any options and configuration. */
export type AnyPart = Part<{}, {}, object>

/** Opens a part and those that it uses, each once. */
export type Use = <Out extends object>(part: Part<{}, {}, Out>) => Promise<Out>

/** What parts need to open, apart from each other and their configuration. */
export interface PartEnvironment extends Omit<Host, 'use' | 'config' | 'contract'> {
  readonly definition: { readonly contract: Contract }
  /** Parts of a test that replace those with the same name. */
  readonly replacements?: readonly AnyPart[] | undefined
}

/** The parts of a running service. Each is opened once, after those that it uses, and closed in reverse order. */
export class OpenParts {
  readonly #ground: PartEnvironment
  /** The parts that each part uses, by name. */
  readonly #uses = new Map<string, Set<string>>()
  readonly #opening = new Map<string, Promise<Opened>>()
  readonly #opened: { readonly name: string; readonly value: Opened }[] = []

  constructor(ground: PartEnvironment) {
    this.#ground = ground
  }

  /** Returns a function that opens parts with a configuration. The error of a part that fails names it. */
  configured(config: object): Use {
    return (part) => this.#use(part, config)
  }

  /** The readiness checks of the parts, by name. */
  get checks(): Checks {
    const all = this.#opened.map(({ name, value }): Checks => ({
      ...(value.isReady && { [name]: { run: () => value.isReady!(), isRequired: true } }),
      ...value.checks,
    }))
    return Object.assign({}, ...all) as Checks
  }

  /** The context values of these parts, under the names that they have here. */
  valuesOf(parts: Readonly<Record<string, AnyPart>>): ContextValues {
    return Object.entries(parts).flatMap(([key, { name }]) => {
      const value = this.#opened.find((one) => one.name === name)?.value
      return value?.forRequest ? [[key, (scope) => value.forRequest!(scope)]] : []
    })
  }

  /** Makes all parts stop taking work, at the same time. */
  async stopTaking(step: RunStep): Promise<void> {
    await this.#all('stopTaking', step)
  }

  /** Waits for the work of all parts, at the same time. */
  async finish(step: RunStep): Promise<void> {
    await this.#all('finish', step)
  }

  /** Closes parts, the last opened first, down to the part named `last`, which stays open. */
  async closeDownTo(last: string, step: RunStep): Promise<void> {
    for (let top = this.#opened.at(-1); top && top.name !== last; top = this.#opened.at(-1)) {
      this.#opened.pop()
      const { name, value } = top
      if (value.close) await step(name, () => value.close!())
    }
  }

  /**
   * Closes all open parts, also when some fail. Resolves to the failures. A part that hangs delays the rest only
   * briefly.
   */
  async closeAll(): Promise<readonly Error[]> {
    const failures: Error[] = []
    for (const { name, value } of this.#opened.splice(0).reverse()) {
      try {
        const isClosed = await isDoneWithin(lateCloseMs, Promise.resolve(value.close?.()))
        if (!isClosed) failures.push(new Error(`${name} was not closed within ${lateCloseMs / 1000} s`))
      } catch (error) {
        failures.push(error as Error)
      }
    }
    return failures
  }

  async #all(phase: 'stopTaking' | 'finish', step: RunStep): Promise<void> {
    const able = this.#opened.filter(({ value }) => value[phase])
    await Promise.all(able.map(({ name, value }) => step(name, () => value[phase]!())))
  }

  async #use<Out extends object>(part: Part<{}, {}, Out>, config: object, user?: string): Promise<Out> {
    const { name } = part
    if (user !== undefined) this.#note(user, name)
    let opening = this.#opening.get(name)
    if (!opening) {
      const real = this.#ground.replacements?.find((one) => one.name === name) ?? part
      this.#opening.set(name, (opening = this.#open(real, config)))
    }
    return (await opening) as Out
  }

  /** @throws {TypeError} when the two would wait for each other, directly or through other parts */
  #note(user: string, used: string): void {
    const path = this.#pathTo(user, used)
    if (path) throw new TypeError(`parts use each other: ${[user, ...path].join(' → ')}`)
    const all = this.#uses.get(user) ?? new Set()
    this.#uses.set(user, all.add(used))
  }

  /** Returns the path from `from` to `goal` through the parts that each part uses. */
  #pathTo(goal: string, from: string): readonly string[] | undefined {
    if (from === goal) return [goal]
    for (const next of this.#uses.get(from) ?? []) {
      const path = this.#pathTo(goal, next)
      if (path) return [from, ...path]
    }
    return undefined
  }

  async #open(part: AnyPart, config: object): Promise<Opened> {
    const { definition, replacements: _, ...rest } = this.#ground
    const { contract } = definition
    const host: Host = { ...rest, contract, config, use: (other) => this.#use(other, config, part.name) }
    try {
      if (part.tables) await host.use(tables)
      const value = await part.open(host, definition)
      this.#opened.push({ name: part.name, value })
      return value
    } catch (cause) {
      throw cause instanceof ConfigError || cause instanceof OpenError
        ? cause
        : new OpenError(contract.name, part.name, cause)
    }
  }
}

/** How long each part may take to close after the time limit of a stop, in milliseconds. */
const lateCloseMs = 1000

/** Thrown when a part does not open. The message names it, and the cause is its error. */
class OpenError extends Error {
  override readonly name: string = 'OpenError'

  constructor(service: string, part: string, cause: unknown) {
    super(`${service}: ${part} did not open: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}
