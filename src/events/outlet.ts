import type { ContractEvent, ContractEvents } from '../contract/event.ts'
import { compileRead, type Convert } from '../schema/standard/convert.ts'
import { compileCheck } from '../schema/validator/check.ts'
import type { OutletTarget } from '../sql/api/outlet.ts'
import { publish } from './log.ts'

/** The maximum size of a payload, in bytes of JSON. */
const maxPayloadBytes = 256 * 1024

/** Stores the events that a service publishes. */
export class EventOutlet {
  /** Called when an event has been committed. */
  onPublished: () => void = () => {}
  readonly #service: string
  readonly #checks: ReadonlyMap<string, Convert>

  constructor(service: string, events: ContractEvents) {
    this.#service = service
    this.#checks = new Map(
      Object.values(events).map(({ name, payload }) => [
        name,
        compileRead(payload, compileCheck(payload, 'only known')),
      ]),
    )
  }

  async publish(to: OutletTarget, { name, service, key }: ContractEvent, payload: unknown): Promise<void> {
    const check = service === this.#service ? this.#checks.get(name) : undefined
    if (!check) throw new TypeError(this.#unknown(service, name))
    const text = JSON.stringify(payload)
    const { problems } = check(text === undefined ? undefined : JSON.parse(text)) // stored as it is given
    if (problems) {
      const [{ path, message }] = problems as [(typeof problems)[number]]
      throw new TypeError(`event ${name}: payload${path && `.${path}`} ${message}`)
    }
    const bytes = Buffer.byteLength(text)
    if (bytes > maxPayloadBytes) {
      throw new TypeError(
        `event ${name}: its payload has ${bytes} bytes, expected at most ${maxPayloadBytes}: publish an id instead`,
      )
    }
    await publish(to.sql, { name, key: keyOf(name, key, payload), payload: text, trace: to.trace })
    to.afterCommit(() => this.onPublished())
  }

  #unknown(service: string, name: string): string {
    const own = [...this.#checks.keys()].join(', ') || 'none'
    return service === this.#service
      ? `${service} has no event ${name}: expected one of ${own}`
      : `${this.#service} cannot publish ${name}, an event of ${service}: expected one of its own, ${own}`
  }
}

/** Returns the value of the key field as text. */
export function keyOf(name: string, key: string | undefined, payload: unknown): string | null {
  if (key === undefined) return null
  const value = (payload as Readonly<Record<string, unknown>>)[key]
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (text === undefined) return null
  if (text.length <= 255) return text
  throw new TypeError(`${name}: its key ${key} has ${text.length} characters, expected at most 255`)
}
