import { Belief, usualDoubtMs, type Kind } from '../belief.ts'
import { follow } from './follow.ts'
import { surroundingsOf, type ConsulOptions } from './registry.ts'

/** Values that change while a service runs. */
export interface LiveValues {
  /**
   * Tells a key's value, at once when it is known and at each change, undefined when there is none; returns what ends it.
   */
  watch(key: string, onChange: (value: string | undefined) => void): () => void
}

/**
 * Consul's key-value store as a source of configuration that changes while a service runs.
 *
 * @throws {TypeError} when the address is none
 *
 * @example
 * consulValues({ address: '127.0.0.1:8500' }).watch('user-service/greeting', (text) => (greeting = text ?? 'Hello'))
 */
export function consulValues(options: ConsulOptions = {}): LiveValues {
  const surroundings = surroundingsOf(options)
  return {
    watch(key, onChange) {
      const path = `/v1/kv/${key.split('/').map(encodeURIComponent).join('/')}`
      return follow({ path, read: toText, belief: new Belief(values, usualDoubtMs), onChange }, surroundings)
    },
  }
}

const values: Kind<string | undefined> = {
  isEmpty: (value) => value === undefined,
  equals: (a, b) => a === b,
  merge: (known, told) => told ?? known,
}

function toText(told: unknown): string | undefined {
  const [entry] = (told ?? []) as readonly { readonly Value: string | null }[]
  return entry && Buffer.from(entry.Value ?? '', 'base64').toString()
}
