import { inDateStyle } from '../values/dateStyle.ts'
import type { DecoderOf } from '../wire/decoder.ts'

// The reported settings that encoding and decoding depend on.
const expected: Readonly<Record<string, RegExp>> = {
  DateStyle: /^ISO/,
  TimeZone: /^(Etc\/)?UTC$/,
  IntervalStyle: /^postgres$/,
  standard_conforming_strings: /^on$/,
}

/** The settings of a session as the server reports them, however they were changed. */
export class ReportedSettings {
  readonly #changed = new Set<string>()
  #dateStyle = 'ISO'
  // Cached, because compiled row decoders refer to them.
  readonly #styles = new Map<string, WeakMap<DecoderOf, DecoderOf>>()

  /** Whether a setting differs from its value at the beginning of the session. */
  get isChanged(): boolean {
    return this.#changed.size > 0
  }

  update(name: string, value: string): void {
    const usual = expected[name]
    if (!usual) return
    if (usual.test(value)) this.#changed.delete(name)
    else this.#changed.add(name)
    if (name === 'DateStyle') this.#dateStyle = value
  }

  /** Returns the decoders for the current settings. */
  read(decoderOf: DecoderOf): DecoderOf {
    return this.#changed.size > 0 && this.#changed.has('DateStyle') ? this.#styled(decoderOf) : decoderOf
  }

  #styled(decoderOf: DecoderOf): DecoderOf {
    const style = this.#styles.get(this.#dateStyle) ?? new WeakMap<DecoderOf, DecoderOf>()
    this.#styles.set(this.#dateStyle, style)
    const styled = style.get(decoderOf) ?? inDateStyle(this.#dateStyle, decoderOf)
    style.set(decoderOf, styled)
    return styled
  }
}
