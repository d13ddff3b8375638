import type { Operation } from '../../contract/operation.ts'
import type { JsonSchema } from '../../schema/schema.ts'
import { jsonOf } from '../../schema/standard/json.ts'
import type { FileStream, RawResult } from '../types.ts'
import type { CallResponse } from './call.ts'

/** Compiles a function that adds status and headers to the value of a response. It reads no value from a 304. */
export function compileRaw<Response extends CallResponse>(
  { responseHeaders = {} }: Operation,
  read: (response: Response) => unknown,
): (response: Response) => Promise<RawResult> {
  const readers = Object.entries(responseHeaders).flatMap(([name, schema]) => {
    const reader = readerOf(jsonOf(schema, 'output'))
    return reader ? [[name, reader] as const] : []
  })
  return async (response) => {
    const { status, headers: sent } = response
    const headers: Record<string, unknown> = readers.length > 0 ? { ...sent } : sent
    for (const [name, reader] of readers) {
      const text = sent[name]
      if (typeof text === 'string') headers[name] = reader(text) ?? text
    }
    const value = status === 304 ? undefined : await read(response)
    return { status, headers, value } as RawResult
  }
}

/** Compiles a function that returns the bytes of a file while they arrive. It throws the error of a response without them. */
export function compileStreamed(
  read: (response: CallResponse) => unknown,
): (response: CallResponse) => Promise<FileStream> {
  return async (response) => {
    const { status, headers, stream } = response
    if (!stream && status !== 304) await read(response)
    return { status, headers, value: stream ?? new Blob([]).stream() }
  }
}

/** Converts the text of a header; returns undefined when it does not fit. */
type Reader = (text: string) => unknown

/** Returns how the text of a header is read; undefined when it stays text. */
function readerOf(schema: JsonSchema): Reader | undefined {
  const { type, items, anyOf, oneOf } = schema
  if ('const' in schema || Array.isArray(schema['enum'])) return literalReader(schema)
  const parts = anyOf ?? oneOf
  if (Array.isArray(parts)) return unionReader(parts as readonly JsonSchema[])
  if (Array.isArray(type)) return unionReader(type.map((one: unknown) => ({ ...schema, type: one })))
  if (type === 'array') {
    const ofItem = readerOf((items ?? {}) as JsonSchema)
    return (text) => (text === '' ? [] : text.split(',').map((item) => ofItem?.(item.trim()) ?? item.trim()))
  }
  return typeof type === 'string' ? scalarReaders[type] : undefined
}

const scalarReaders: Readonly<Record<string, Reader>> = {
  integer: numberOf,
  number: numberOf,
  boolean: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
}

function numberOf(text: string): number | undefined {
  return text.trim() === '' || Number.isNaN(Number(text)) ? undefined : Number(text)
}

function literalReader(schema: JsonSchema): Reader {
  const values: readonly unknown[] = 'const' in schema ? [schema['const']] : (schema['enum'] as readonly unknown[])
  return (text) => values.find((value) => String(value) === text)
}

/** The first part that can convert the text decides. */
function unionReader(parts: readonly JsonSchema[]): Reader {
  const readers = parts.map((part) => readerOf(part) ?? ((text: string) => text))
  return (text) => {
    for (const read of readers) {
      const value = read(text)
      if (value !== undefined) return value
    }
    return undefined
  }
}
