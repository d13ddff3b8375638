/** A column of a page's table: what the schema of a contract needs to know of Drizzle's column, under the same names. */
export class LightColumn {
  readonly columnType: string
  readonly dataType: string
  notNull = false
  hasDefault = false
  generated: { readonly type: 'always' } | undefined
  generatedIdentity: { readonly type: 'always' | 'byDefault' } | undefined

  constructor(columnType: string, dataType: string, more: object = {}) {
    this.columnType = columnType
    this.dataType = dataType
    Object.assign(this, more)
  }
}

/** The builder of a column. It knows what Drizzle's builders can do, and ignores what no schema needs. */
export class LightBuilder {
  readonly column: LightColumn

  constructor(columnType: string, dataType: string, more: object = {}) {
    this.column = new LightColumn(columnType, dataType, more)
  }

  notNull(): this {
    this.column.notNull = true
    return this
  }

  primaryKey(): this {
    return this.notNull()
  }

  default(): this {
    this.column.hasDefault = true
    return this
  }

  $default(): this {
    return this.default()
  }

  $defaultFn(): this {
    return this.default()
  }

  $onUpdate(): this {
    return this.default()
  }

  $onUpdateFn(): this {
    return this.default()
  }

  defaultNow(): this {
    return this.default()
  }

  defaultRandom(): this {
    return this.default()
  }

  generatedAlwaysAs(): this {
    this.column.generated = { type: 'always' }
    return this
  }

  generatedAlwaysAsIdentity(): this {
    this.column.generatedIdentity = { type: 'always' }
    return this.default().notNull()
  }

  generatedByDefaultAsIdentity(): this {
    this.column.generatedIdentity = { type: 'byDefault' }
    return this.default().notNull()
  }

  array(size?: number): LightBuilder {
    return new LightBuilder('PgArray', 'array', { baseColumn: this.column, size })
  }

  $type(): this {
    return this
  }

  references(): this {
    return this
  }

  unique(): this {
    return this
  }
}
