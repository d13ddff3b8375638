import type { JSX } from 'preact'
import { typeText, type OpenApi, type Schema } from './operations.ts'
import { Block } from './text.tsx'

interface TypeProps {
  readonly title: string
  readonly schema: Schema | undefined
  /** Has the schemas that this one refers to. */
  readonly document?: OpenApi
}

/** A schema as a type under its title; nothing without a schema. */
export function Type({ title, schema, document = {} }: TypeProps): JSX.Element {
  if (!schema) return <></>
  return (
    <>
      <h3>{title}</h3>
      <Block value={typeText(schema, document)} />
    </>
  )
}
