/** Fields made from schemas. */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { resolved, type OpenApi, type Parameter, type Schema } from './operations.ts'
import { Text } from './text.tsx'

interface ParameterProps {
  readonly parameter: Parameter
  readonly document: OpenApi
  readonly value: string
  readonly onChange: (value: string) => void
}

/** A field for a parameter of the path, the query or the headers. */
export function ParameterField({ parameter, document, value, onChange }: ParameterProps): JSX.Element {
  const { name, in: where, required = false, description, schema } = parameter
  return (
    <label class="field">
      <span>
        <Text value={name} />
        {required && <span class="flag"> required</span>}{' '}
        <span class="dim">
          {where}, {typeOf(resolved(schema, document))}
        </span>
        {description !== undefined && (
          <span class="dim">
            {' · '}
            <Text value={description} />
          </span>
        )}
      </span>
      <Input schema={resolved(schema, document)} value={value} isRequired={required} onChange={onChange} />
    </label>
  )
}

interface InputProps {
  readonly schema: Schema
  readonly value: string
  readonly isRequired: boolean
  readonly onChange: (value: string) => void
}

/** The input that fits a schema. The service validates: what is wrong is part of trying. */
function Input({ schema, value, isRequired, onChange }: InputProps): JSX.Element {
  const choices = choicesOf(schema)
  if (choices) {
    return (
      <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        {!isRequired && <option value="" />}
        {[...new Set([...choices, ...(value ? [value] : [])])].map((choice) => (
          <option key={choice} value={choice}>
            {choice}
          </option>
        ))}
      </select>
    )
  }
  return (
    <input
      type="text"
      spellcheck={false}
      value={value}
      onInput={({ currentTarget }) => onChange(currentTarget.value)}
    />
  )
}

interface BodyProps {
  readonly schema: Schema
  readonly document: OpenApi
  readonly text: string
  readonly onChange: (text: string) => void
}

/** A body: a field for each property, or its JSON. */
export function BodyForm({ schema, document, text, onChange }: BodyProps): JSX.Element {
  const { properties, required = [] } = resolved(schema, document) as {
    readonly properties?: Readonly<Record<string, Schema>>
    readonly required?: readonly string[]
  }
  const [wantsJson, setWantsJson] = useState(false)
  const value = objectIn(text)
  const isForm = properties !== undefined && value !== undefined && !wantsJson
  return (
    <fieldset>
      <legend>
        Body{' '}
        {properties !== undefined && (
          <button type="button" class="small" aria-pressed={!isForm} onClick={() => setWantsJson(!wantsJson)}>
            As JSON
          </button>
        )}
      </legend>
      {isForm ? (
        Object.entries(properties).map(([name, source]) => {
          const property = resolved(source, document)
          return (
            <label key={name} class="field">
              <span>
                <Text value={name} />
                {required.includes(name) && <span class="flag"> required</span>}{' '}
                <span class="dim">{typeOf(property)}</span>
              </span>
              <Input
                schema={property}
                value={fieldText(value[name])}
                isRequired={required.includes(name)}
                onChange={(field) => onChange(JSON.stringify(withField(value, name, field, property), undefined, 2))}
              />
            </label>
          )
        })
      ) : (
        <textarea
          aria-label="Body as JSON"
          rows={10}
          spellcheck={false}
          value={text}
          onInput={({ currentTarget }) => onChange(currentTarget.value)}
        />
      )}
      {value === undefined && text.trim() !== '' && properties !== undefined && (
        <p class="flag">This is no JSON object.</p>
      )}
    </fieldset>
  )
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

function fieldText(value: unknown): string {
  if (value === undefined) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** An empty field is left out; one that is no text of the schema's type is sent as text, and the service says what it wants. */
function withField(
  value: Record<string, unknown>,
  name: string,
  field: string,
  schema: Schema,
): Record<string, unknown> {
  const rest = Object.fromEntries(Object.entries(value).filter(([key]) => key !== name))
  if (field === '') return rest
  const parsed = schema['type'] === 'string' ? field : jsonOr(field)
  return Object.fromEntries(
    Object.keys({ ...value, [name]: 0 }).map((key) => [key, key === name ? parsed : value[key]]),
  )
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function choicesOf({ enum: values, anyOf, type }: Schema): string[] | undefined {
  if (Array.isArray(values)) return values.map(String)
  if (type === 'boolean') return ['true', 'false']
  const constants = Array.isArray(anyOf) ? anyOf.map((part: Schema) => part['const']) : []
  return constants.length > 0 && constants.every((value) => value !== undefined) ? constants.map(String) : undefined
}

function typeOf({ type, format, anyOf, enum: values }: Schema): string {
  if (Array.isArray(values) || Array.isArray(anyOf)) return 'one of'
  const name = Array.isArray(type) ? type.join(' or ') : typeof type === 'string' ? type : 'any'
  return typeof format === 'string' ? `${name} (${format})` : name
}
