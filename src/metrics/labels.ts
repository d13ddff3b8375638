import { escapeValue } from './format.ts'

/** A value of each label. */
export type LabelValues<Label extends string = string> = Readonly<Record<Label, string | number | boolean>>

/**
 * Labels as the text formats write them: `operation="getUser",status="2xx"`.
 *
 * @throws {TypeError} when one has no value
 */
export function labelsText(metric: string, names: readonly string[], values: LabelValues): string {
  let text = ''
  for (const name of names) {
    const value = values[name]
    if (value === undefined || value === null) throw new TypeError(`metric ${metric}: label ${name} has no value`)
    text += `${text === '' ? '' : ','}${name}="${escapeValue(String(value))}"`
  }
  return text
}
