import { parseArgs } from 'node:util'
import { listEvents, listSubscriptions, replay, type ListedEvent, type ListedSubscription } from '../events/admin.ts'
import type { Database } from '../sql/index.ts'
import { columns, fieldLines, noneOf, print } from './columns.ts'
import { CliError } from './failure.ts'
import { checkCommand, databaseOptions, databaseUsage, onDatabase, type DatabaseCommand } from './onDatabase.ts'

const usage = `Usage: tricube events <command> [--url <database> | --service <name>]

  list [--name <event>] [--key <key>] [--limit <n>] [--json]
                         what the service has published, the newest first
  show <id>
  subscriptions [--json] how far the subscriptions of the service have read
  replay <subscription> --from beginning | <time> | now
                         run its handler again for events since then; now: skip what it has not read

${databaseUsage}`

/** `tricube events`: what a service has published, how far its subscriptions are, and handling events again. */
export async function eventsCommand(argv: string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      ...databaseOptions,
      name: { type: 'string' },
      key: { type: 'string' },
      limit: { type: 'string' },
      from: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  const [word, subject, ...others] = positionals
  if (values.help) return print(usage)
  const { name, key, limit = '50', from, json } = values
  const command = checkCommand(program, word, others)
  return onDatabase(program, command, values, async (db) => {
    if (!/^[1-9]\d{0,5}$/.test(limit)) throw new CliError(`--limit is a whole number from 1, not ${limit}`, 2)
    switch (command) {
      case 'list': {
        const events = await listEvents(db, { name, key, limit: Number(limit) })
        if (json) return print(`${JSON.stringify(events, null, 2)}\n`)
        return print(events.length > 0 ? listOf(events) : noneOf('event', name, await latestNames(db)))
      }
      case 'show':
        return print(fieldLines(await find(db, subject)))
      case 'subscriptions': {
        const subscriptions = await listSubscriptions(db)
        return print(json ? `${JSON.stringify(subscriptions, null, 2)}\n` : subscriptionsOf(subscriptions))
      }
      default:
        return print(await replayed(db, subject, from))
    }
  })
}

const program: DatabaseCommand = {
  program: 'events',
  usage,
  commands: ['list', 'show', 'subscriptions', 'replay'],
  missing(command) {
    const what = command === 'list' || command === 'show' ? 'publishes no events' : 'has no subscriptions'
    return `the service of this database ${what}, or has never been started`
  },
}

async function find(db: Database, id: string | undefined): Promise<ListedEvent> {
  if (id === undefined || !/^[1-9]\d{0,15}$/.test(id)) {
    throw new CliError(`the id of an event is a whole number, not ${id ?? 'missing'}: see tricube events list`, 2)
  }
  const [event] = await listEvents(db, { id: Number(id), limit: 1 })
  if (!event) throw new CliError(`there is no event ${id}: it was deleted, or never published`)
  return event
}

async function replayed(db: Database, subscription: string | undefined, from: string | undefined): Promise<string> {
  if (subscription === undefined) throw new CliError(usage.trim(), 2)
  const start = from === 'now' || from === 'beginning' ? from : new Date(from ?? '')
  if (start instanceof Date && Number.isNaN(start.getTime())) {
    const got = from === undefined ? '' : `, got ${JSON.stringify(from)}`
    throw new CliError(`--from: expected beginning, now or a time such as 2026-11-26T09:00Z${got}`, 2)
  }
  if (!(await replay(db, subscription, start))) {
    const names = (await listSubscriptions(db)).map(({ name }) => name).join(', ') || 'none'
    throw new CliError(`there is no subscription ${JSON.stringify(subscription)}: expected one of ${names}`)
  }
  return `${subscription} begins anew, from ${start instanceof Date ? start.toISOString() : start}\n`
}

/** The names of the latest events: a log may be long. */
async function latestNames(db: Database): Promise<string[]> {
  return (await listEvents(db, { limit: 1000 })).map(({ name }) => name)
}

/** A line for each event. */
function listOf(events: readonly ListedEvent[]): string {
  return columns(events.map(({ id, name, key, publishedAt, payload }) => [id, name, key ?? '-', publishedAt, payload]))
}

/** A line for each subscription. */
function subscriptionsOf(subscriptions: readonly ListedSubscription[]): string {
  if (subscriptions.length === 0) return 'no subscriptions\n'
  return columns([
    ['subscription', 'position', 'read at', 'reader'],
    ...subscriptions.map(({ name, position, hasBegun, readAt, reader }) => [
      name,
      position || (hasBegun ? 'nothing yet' : 'not begun'),
      readAt,
      reader ?? 'nobody reads',
    ]),
  ])
}
