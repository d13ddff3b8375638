import type { ServiceDefinition } from '../discovery/consul/entries.ts'

/** The body of a registration. */
export interface FakeDefinition extends ServiceDefinition {
  readonly Check?: {
    readonly TTL?: string
    readonly Status?: string
    readonly DeregisterCriticalServiceAfter?: string
  }
}

interface Entry {
  readonly definition: FakeDefinition
  readonly createIndex: number
  modifyIndex: number
  status: string
  /** The time at which the TTL lapses. */
  lapsesAt: number
  /** The time at which it became critical; infinite when it is not critical. */
  criticalSince: number
}

/** The state of an agent: services with their checks, and keys with their values. Each change has an index. */
export class Catalog {
  readonly #services = new Map<string, Entry>()
  readonly #keys = new Map<string, { value: string | undefined; createIndex: number; modifyIndex: number }>()
  readonly #extinct = new Map<string, number>()
  readonly #waiting = new Set<() => void>()
  #index = 1

  register(definition: FakeDefinition, now: number): void {
    const before = this.#services.get(definition.ID)
    const entry: Entry = {
      definition,
      createIndex: before?.createIndex ?? this.#index + 1,
      modifyIndex: before?.modifyIndex ?? 0,
      status: before?.status ?? '',
      lapsesAt: 0,
      criticalSince: Infinity,
    }
    this.#services.set(definition.ID, entry)
    const isSame = before && JSON.stringify(before.definition) === JSON.stringify(definition)
    if (!isSame) entry.modifyIndex = this.#next()
    this.#setStatus(entry, definition.Check?.Status ?? (definition.Check ? 'critical' : 'passing'), now)
  }

  /** Removes a service; false when there is none with this id. */
  deregister(id: string): boolean {
    const entry = this.#services.get(id)
    if (!entry) return false
    this.#services.delete(id)
    this.#extinct.set(entry.definition.Name, this.#next())
    return true
  }

  has(id: string): boolean {
    return this.#services.has(id)
  }

  /** Sets the status of a TTL check; false when there is none. */
  update(id: string, status: string, now: number): boolean {
    const entry = this.#services.get(id)
    if (entry?.definition.Check?.TTL === undefined) return false
    this.#setStatus(entry, status, now)
    return true
  }

  /** Returns the instances of a service and the index of the last change to any of them. */
  health(name: string): { readonly index: number; readonly entries: readonly object[] } {
    const entries = [...this.#services.values()].filter(({ definition }) => definition.Name === name)
    const index = Math.max(1, this.#extinct.get(name) ?? 0, ...entries.map(({ modifyIndex }) => modifyIndex))
    return { index, entries: entries.filter(({ status }) => status === 'passing').map(healthEntry) }
  }

  /** Returns the value of a key, undefined when it is missing, and the index of its last change. */
  key(key: string): { readonly index: number; readonly entry: object | undefined } {
    const found = this.#keys.get(key)
    if (found?.value === undefined) return { index: found?.modifyIndex ?? 1, entry: undefined }
    const { value, createIndex: CreateIndex, modifyIndex: ModifyIndex } = found
    const Value = Buffer.from(value).toString('base64')
    return { index: ModifyIndex, entry: { LockIndex: 0, Key: key, Flags: 0, Value, CreateIndex, ModifyIndex } }
  }

  /** Sets the value of a key; undefined deletes it. */
  setKey(key: string, value: string | undefined): void {
    const modifyIndex = this.#next()
    this.#keys.set(key, { value, createIndex: this.#keys.get(key)?.createIndex ?? modifyIndex, modifyIndex })
  }

  /** Lapses TTLs and removes what has been critical for too long; returns the time of the next such event. */
  sweep(now: number): number {
    let next = Infinity
    for (const [id, entry] of this.#services) {
      if (now >= entry.lapsesAt && entry.status !== 'critical') this.#setStatus(entry, 'critical', now)
      const { DeregisterCriticalServiceAfter: after } = entry.definition.Check ?? {}
      const forgottenAt = entry.criticalSince + (after === undefined ? Infinity : durationMs(after))
      if (now >= forgottenAt) this.deregister(id)
      else next = Math.min(next, entry.status === 'critical' ? forgottenAt : entry.lapsesAt)
    }
    return next
  }

  /** Resolves at the next change. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#waiting.add(done)
      signal.addEventListener('abort', done, { once: true })
    })
  }

  #setStatus(entry: Entry, status: string, now: number): void {
    const { TTL } = entry.definition.Check ?? {}
    entry.lapsesAt = TTL === undefined ? Infinity : now + durationMs(TTL)
    if (status === entry.status) return
    entry.status = status
    entry.criticalSince = status === 'critical' ? now : Infinity
    entry.modifyIndex = this.#next()
  }

  #next(): number {
    this.#index += 1
    for (const wake of this.#waiting) wake()
    return this.#index
  }
}

/**
 * Parses Go's durations as Consul's clients write them: `15s`, `500ms`, `1m`.
 *
 * @throws {TypeError} when the text is not a duration
 */
export function durationMs(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  if (number === undefined) throw new TypeError(`"${text}" is not a duration, such as 15s or 500ms`)
  return Number(number) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit as 'ms' | 's' | 'm' | 'h']
}

function healthEntry({ definition, status, createIndex, modifyIndex }: Entry): object {
  const { Check, Name, ID, ...rest } = definition
  const Service = { ID, Service: Name, Address: '', ...rest, CreateIndex: createIndex, ModifyIndex: modifyIndex }
  const checks = Check
    ? [{ Node: nodeName, CheckID: `service:${ID}`, Status: status, ServiceID: ID, ServiceName: Name }]
    : []
  return { Node: { Node: nodeName, Address: '127.0.0.1', Datacenter: 'dc1' }, Service, Checks: checks }
}

const nodeName = 'fake'
