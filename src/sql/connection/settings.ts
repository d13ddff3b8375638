import type { Output } from '../wire/output.ts'

/** What values are read and written by. */
export const expectedSettings: Readonly<Record<string, string>> = {
  TimeZone: 'UTC',
  DateStyle: 'ISO',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
}

/** What a session is set to: values are read and written in these forms, and no statement runs for ever. */
export class Settings {
  readonly #all: readonly (readonly [name: string, value: string])[]
  /** For one statement by itself: until the end of its exchange, without a row. */
  readonly #forExchange: string

  constructor(statementTimeoutMs: number) {
    this.#all = [['statement_timeout', String(Math.round(statementTimeoutMs))], ...Object.entries(expectedSettings)]
    const set = this.#all.map(([name, value]) => `set_config('${name}', '${value}', true)`)
    this.#forExchange = `SELECT WHERE (${set.join(' || ')}) IS NULL`
  }

  /** For a session that is ours. */
  get forSession(): string {
    return this.#all.map(([name, value]) => `SET ${name} = '${value}'`).join('; ')
  }

  /** For a transaction that has just begun. Not by SELECT, after which its isolation could not be set any more. */
  get forTransaction(): string {
    return this.#all.map(([name, value]) => `SET LOCAL ${name} = '${value}'`).join('; ')
  }

  /** Written before a statement of one exchange, which is a transaction of its own. */
  writeForExchange(output: Output): void {
    output.parse('', this.#forExchange)
    output.bind('', '', [])
    output.execute('', 0)
  }

  /** Written after BEGIN. */
  writeForTransaction(output: Output): void {
    for (const [name, value] of this.#all) {
      output.parse('', `SET LOCAL ${name} = '${value}'`)
      output.bind('', '', [])
      output.execute('', 0)
    }
  }
}
