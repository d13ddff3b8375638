import { escapeValue } from './format.ts'

/** A value for each label. */
export type LabelValues<Label extends string = string> = Readonly<Record<Label, string | number | boolean>>

/**
 * Formats labels for the text formats: `operation="getUser",status="2xx"`.
 *
 * @throws {TypeError} when a label has no value
 */
export function labelsText(metric: string, names: readonly string[], values: LabelValues): string {
  let text = ''
  for (const name of names) {
    const value = values[name]
    if (value === undefined || value === null) {
      throw new TypeError(`metric ${metric}: label ${name} has no value: pass one for each of ${names.join(', ')}`)
    }
    text += `${text === '' ? '' : ','}${name}="${escapeValue(String(value))}"`
  }
  return text
}
