import { inDateStyle } from '../values/dateStyle.ts'
import type { DecoderOf } from '../wire/decoder.ts'

// What decoding and encoding rely on, of what the server reports by itself.
const expected: Readonly<Record<string, RegExp>> = {
  DateStyle: /^ISO/,
  TimeZone: /^(Etc\/)?UTC$/,
  IntervalStyle: /^postgres$/,
  standard_conforming_strings: /^on$/,
}

/** The settings of a session as the server reports them, whoever has changed them. */
export class ReportedSettings {
  readonly #odd = new Set<string>()
  #dateStyle = 'ISO'
  // Kept, because compiled decoders of rows hold on to them.
  readonly #styles = new Map<string, WeakMap<DecoderOf, DecoderOf>>()

  /** Whether a setting is another one than it was set to when the session began. */
  get isOdd(): boolean {
    return this.#odd.size > 0
  }

  tell(name: string, value: string): void {
    const usual = expected[name]
    if (!usual) return
    if (usual.test(value)) this.#odd.delete(name)
    else this.#odd.add(name)
    if (name === 'DateStyle') this.#dateStyle = value
  }

  /** How values are to be read now. */
  read(decoderOf: DecoderOf): DecoderOf {
    return this.#odd.size > 0 && this.#odd.has('DateStyle') ? this.#styled(decoderOf) : decoderOf
  }

  #styled(decoderOf: DecoderOf): DecoderOf {
    const style = this.#styles.get(this.#dateStyle) ?? new WeakMap<DecoderOf, DecoderOf>()
    this.#styles.set(this.#dateStyle, style)
    const styled = style.get(decoderOf) ?? inDateStyle(this.#dateStyle, decoderOf)
    style.set(decoderOf, styled)
    return styled
  }
}
