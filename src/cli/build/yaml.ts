/** A value that YAML can have. */
export type Yaml = string | number | boolean | null | readonly Yaml[] | { readonly [key: string]: Yaml | undefined }

/** Returns a value as YAML, with two spaces for each level. Fields that are undefined are left out. */
export function toYaml(value: Yaml): string {
  return `${isEmpty(value) ? inlineOf(value) : blockOf(value, '')}\n`
}

/** Returns several documents in one file. */
export function toYamlDocuments(values: readonly Yaml[]): string {
  return values.map(toYaml).join('---\n')
}

function blockOf(value: Yaml, indent: string): string {
  if (isList(value)) return value.map((item) => itemOf(item, indent)).join('\n')
  if (isMap(value)) {
    return entriesOf(value)
      .map(([key, inner]) => `${indent}${scalarOf(key)}:${valueOf(inner, indent)}`)
      .join('\n')
  }
  return indent + scalarOf(value)
}

/** What follows a colon: a scalar on the same line, or a block below. */
function valueOf(value: Yaml, indent: string): string {
  if (typeof value === 'string' && lines.test(value)) return literalOf(value, `${indent}  `)
  if (isEmpty(value) || isScalar(value)) return ` ${inlineOf(value)}`
  if (isList(value) && value.every(isScalar) && inlineOf(value).length <= 80) return ` ${inlineOf(value)}`
  return `\n${blockOf(value, `${indent}  `)}`
}

function itemOf(item: Yaml, indent: string): string {
  if (isMap(item) && !isEmpty(item)) return `${indent}- ${blockOf(item, `${indent}  `).trimStart()}`
  return `${indent}- ${inlineOf(item)}`
}

/** A text of several lines. `|-` leaves out the last line break. */
function literalOf(text: string, indent: string): string {
  const body = text.replace(/\n$/, '')
  const lines = body.split('\n').map((line) => (line === '' ? '' : indent + line))
  return ` ${text.endsWith('\n') ? '|' : '|-'}\n${lines.join('\n')}`
}

function inlineOf(value: Yaml): string {
  if (isList(value)) return `[${value.map(inlineOf).join(', ')}]`
  if (isMap(value)) {
    const entries = entriesOf(value).map(([key, inner]) => `${scalarOf(key)}: ${inlineOf(inner)}`)
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`
  }
  return scalarOf(value)
}

/** Text that YAML could read as something else is quoted. JSON is YAML too. */
function scalarOf(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return String(value)
  const isPlain = (plain.test(value) && !reserved.test(value)) || duration.test(value)
  if (isPlain) return value
  return ascii.test(value) ? `'${value.replaceAll("'", "''")}'` : JSON.stringify(value)
}

const plain = /^[A-Za-z_/.][\w./@%+-]*(?: [\w./@%+-]+)*(?::[\w./-]+)*$/
/** Lines that need no escapes, and whose indentation is clear. */
const lines = /^(?! )[ -~]+(?:\n(?:[ -~]*[!-~])?)*\n[ -~]*[!-~]\n?$|^(?! )[ -~]*[!-~]\n$/
const ascii = /^[ -~]*$/
const duration = /^[1-9]\d{0,3}(?:s|m|h|Mi)$/
const reserved = /^(?:true|false|null|yes|no|on|off|y|n|~|\.inf|\.nan|\.|[\d.]+)$/i

function entriesOf(map: { readonly [key: string]: Yaml | undefined }): [string, Yaml][] {
  return Object.entries(map).filter((entry): entry is [string, Yaml] => entry[1] !== undefined)
}

function isList(value: Yaml): value is readonly Yaml[] {
  return Array.isArray(value)
}

function isMap(value: Yaml): value is { readonly [key: string]: Yaml | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isScalar(value: Yaml): value is string | number | boolean | null {
  return typeof value !== 'object' || value === null
}

function isEmpty(value: Yaml): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
