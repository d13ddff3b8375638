/** Bodies that are no JSON: files, forms and text. */
import type { JSX } from 'preact'
import { resolved, type OpenApi, type OtherBody, type Schema } from './operations.ts'
import { Text } from './text.tsx'

/** What the form holds, by the name of its field; the whole body has the name `''`. */
export type BodyFields = Readonly<Record<string, string | File>>

/** A body as bytes, in base64, and its type. */
export interface EncodedBody {
  readonly type: string
  readonly base64: string
}

interface Props {
  readonly body: OtherBody
  readonly document: OpenApi
  readonly fields: BodyFields
  readonly onChange: (fields: BodyFields) => void
}

/** A form with a field for each part, or one for the whole body. */
export function OtherBodyForm({ body, document, fields, onChange }: Props): JSX.Element {
  const set = (name: string, value: string | File | undefined): void => {
    const rest = Object.entries(fields).filter(([key]) => key !== name)
    onChange(Object.fromEntries(value === undefined ? rest : [...rest, [name, value]]))
  }
  return (
    <fieldset>
      <legend>
        Body <span class="dim">{body.types.join(', ')}</span>
      </legend>
      {partsOf(body, document).map(([name, isFile]) => (
        <label key={name} class="field">
          <span>{name === '' ? isFile ? 'File' : 'Text' : <Text value={name} />}</span>
          {isFile ? (
            <input type="file" onChange={({ currentTarget }) => set(name, currentTarget.files?.[0])} />
          ) : (
            <input
              type="text"
              spellcheck={false}
              value={textOf(fields[name])}
              onInput={({ currentTarget }) => set(name, currentTarget.value || undefined)}
            />
          )}
        </label>
      ))}
    </fieldset>
  )
}

function textOf(value: string | File | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** The fields of a body, and which of them are files. */
function partsOf({ types, schema }: OtherBody, document: OpenApi): readonly (readonly [string, boolean])[] {
  if (!isForm(types[0]!)) return [['', !types[0]!.startsWith('text/')]]
  const { properties = {} } = resolved(schema, document) as { properties?: Readonly<Record<string, Schema>> }
  return Object.entries(properties).map(([name, part]) => {
    const { format, items } = resolved(part, document) as { format?: string; items?: Schema }
    return [name, format === 'binary' || items?.['format'] === 'binary']
  })
}

function isForm(type: string): boolean {
  return type === 'multipart/form-data' || type === 'application/x-www-form-urlencoded'
}

/** Encodes a body as a browser would send it; undefined for one without content. */
export async function encodeBody({ types }: OtherBody, fields: BodyFields): Promise<EncodedBody | undefined> {
  const entries = Object.entries(fields)
  if (entries.length === 0) return undefined
  const [type] = types as readonly [string]
  const whole = entries[0]![1]
  const response = isForm(type) ? new Response(formOf(type, entries)) : new Response(whole)
  const own = typeof whole === 'string' ? type : whole.type || type
  return {
    type: isForm(type) ? response.headers.get('content-type')! : own,
    base64: base64Of(new Uint8Array(await response.arrayBuffer())),
  }
}

function formOf(type: string, entries: readonly (readonly [string, string | File])[]): FormData | URLSearchParams {
  const form = type === 'multipart/form-data' ? new FormData() : new URLSearchParams()
  for (const [name, value] of entries) form.append(name, value as string)
  return form
}

function base64Of(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
  return btoa(text)
}
