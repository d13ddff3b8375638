import type { Operation } from '../../contract/operation.ts'
import type { TSchema } from '../../schema/schema.ts'
import type { RawResult } from '../types.ts'
import type { CallResponse } from './call.ts'

/** Compiles a function that adds status and headers to the value of a response. It reads no value from a 304. */
export function compileRaw<Response extends CallResponse>(
  { responseHeaders = {} }: Operation,
  read: (response: Response) => unknown,
): (response: Response) => Promise<RawResult> {
  const readers = Object.entries(responseHeaders).flatMap(([name, schema]) => {
    const reader = readerOf(schema)
    return reader ? [[name, reader] as const] : []
  })
  return async (response) => {
    const { status, headers: sent } = response
    const headers: Record<string, unknown> = readers.length > 0 ? { ...sent } : sent
    for (const [name, reader] of readers) {
      const text = sent[name]
      if (typeof text === 'string') headers[name] = reader(text)
    }
    const value = status === 304 ? undefined : await read(response)
    return { status, headers, value } as RawResult
  }
}

/** Returns how the text of a header is read; undefined when it stays text. A union stays text too. */
function readerOf({ type, items }: TSchema): ((text: string) => unknown) | undefined {
  if (type === 'integer' || type === 'number') return Number
  if (type === 'boolean') return (text) => text === 'true'
  if (type !== 'array') return undefined
  const ofItem = readerOf((items ?? {}) as TSchema) ?? ((text) => text)
  return (text) => text.split(',').map((item) => ofItem(item.trim()))
}
