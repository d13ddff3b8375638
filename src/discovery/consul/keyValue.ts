import { LastKnown, defaultGraceMs, type ValueOperations } from '../lastKnown.ts'
import { watchPath } from './watch.ts'
import { consulContext, type ConsulOptions } from './registry.ts'

/** Configuration values that change while a service runs. */
export interface LiveValues {
  /**
   * Calls `onChange` with the value of a key as soon as it is known and at each change; undefined when the key is missing.
   * Returns the function that stops it.
   */
  watch(key: string, onChange: (value: string | undefined) => void): () => void
}

/**
 * Returns Consul's key-value store as a source of configuration that changes while a service runs.
 *
 * @throws {TypeError} when the address is not one of a Consul agent
 *
 * @example
 * consulValues({ address: '127.0.0.1:8500' }).watch('user-service/greeting', (text) => greet(text ?? 'Hello'))
 */
export function consulValues(options: ConsulOptions = {}): LiveValues {
  const context = consulContext(options)
  return {
    watch(key, onChange) {
      const path = `/v1/kv/${key.split('/').map(encodeURIComponent).join('/')}`
      return watchPath({ path, read: toText, lastKnown: new LastKnown(values, defaultGraceMs), onChange }, context)
    },
  }
}

const values: ValueOperations<string | undefined> = {
  isEmpty: (value) => value === undefined,
  equals: (a, b) => a === b,
  merge: (known, reported) => reported ?? known,
}

function toText(reported: unknown): string | undefined {
  const [entry] = (reported ?? []) as readonly { readonly Value: string | null }[]
  return entry && Buffer.from(entry.Value ?? '', 'base64').toString()
}
