import type { Output } from '../wire/output.ts'

/** The settings that encoding and decoding rely on. */
export const expectedSettings: Readonly<Record<string, string>> = {
  TimeZone: 'UTC',
  DateStyle: 'ISO',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
}

/** The settings of a session: the forms of values, and a limit for each statement. */
export class Settings {
  readonly #all: readonly (readonly [name: string, value: string])[]
  /** For a single statement: valid until the end of its exchange, without a result row. */
  readonly #forExchange: string

  constructor(statementTimeoutMs: number) {
    this.#all = [['statement_timeout', String(Math.round(statementTimeoutMs))], ...Object.entries(expectedSettings)]
    const set = this.#all.map(([name, value]) => `set_config('${name}', '${value}', true)`)
    this.#forExchange = `SELECT WHERE (${set.join(' || ')}) IS NULL`
  }

  /** For a session without a pooler. */
  get forSession(): string {
    return this.#all.map(([name, value]) => `SET ${name} = '${value}'`).join('; ')
  }

  /** For a transaction that has just begun. Not by SELECT, after which the isolation level is fixed. */
  get forTransaction(): string {
    return this.#all.map(([name, value]) => `SET LOCAL ${name} = '${value}'`).join('; ')
  }

  /** Written before a statement whose exchange is its own transaction. */
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
