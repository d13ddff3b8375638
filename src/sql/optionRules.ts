// The rules of a database's options.
import { compileOptionsCheck, optionsProblem, type Fields } from '../config/rule.ts'
import { abortSignal, either, flag, func, group, listOf, number, record, text, integer } from '../config/rules.ts'
import type { ListenOptions } from './api/database.ts'
import type { DatabaseOptions, ShardOptions, ShardsOptions } from './api/options.ts'
import type { StatementOptions } from './api/statements.ts'
import type { TransactionLimits, TransactionOptions } from './api/transaction.ts'

const ms = number({ unit: 'ms' })
const connectionString = text('a connection string like postgres://host/name')
const replicas = listOf(connectionString, 'a list of connection strings')

/** The options of how a database is used, besides its URLs. */
export const usageRules: Fields<Omit<DatabaseOptions, 'url' | 'replicas' | 'applicationName' | 'observer' | 'outlet'>> =
  {
    maxLagMs: ms,
    shards: group<ShardsOptions>({
      key: func,
      map: record(
        'the databases of the shards by name',
        either(
          connectionString,
          group<ShardOptions>({ url: connectionString, replicas }, { expected: '{ url, replicas }' }),
        ),
      ),
      hash: integer({ min: 1 }),
    }),
    lanes: integer(),
    pool: integer({ min: 1 }),
    acquireTimeoutMs: ms,
    statementTimeoutMs: ms,
    idleTimeoutMs: ms,
    maxLifetimeMs: ms,
    preparedStatements: integer(),
    checkSessions: flag,
    types: record('codecs by the names of types'),
  }

const rules: Fields<DatabaseOptions> = {
  ...usageRules,
  url: connectionString,
  replicas,
  observer: record('an observer'),
  outlet: record('what stores jobs'),
  applicationName: text('a name'),
}

/** @throws {TypeError} naming the option, what was expected and what it is */
export function checkOptions(options: DatabaseOptions): void {
  const problem = optionsProblem(options, rules)
  if (problem) throw new TypeError(`database: ${problem}`)
}

type Check<Options> = (subject: string, options: Options) => void

const limits: Fields<TransactionLimits> = {
  signal: abortSignal,
  timeoutMs: number(),
}

/** Checks the limits of statements in a transaction; throws a `TypeError` with one line. */
export const checkLimits: Check<TransactionLimits> = compileOptionsCheck(limits)

/** Checks the options of statements; throws a `TypeError` with one line. */
export const checkStatementOptions: Check<StatementOptions> = compileOptionsCheck<StatementOptions>({
  ...limits,
  slow: flag,
  readOnly: flag,
})

/** Checks the options of a transaction; throws a `TypeError` with one line. */
export const checkTransactionOptions: Check<TransactionOptions> = compileOptionsCheck<TransactionOptions>({
  isolation: text('a level of isolation', /^/), // the levels are checked where BEGIN is written
  readOnly: flag,
  deferrable: flag,
  retries: integer(),
})

/** Checks the options of `listen`; throws a `TypeError` with one line. */
export const checkListenOptions: Check<ListenOptions> = compileOptionsCheck<ListenOptions>({ onReconnect: func })
