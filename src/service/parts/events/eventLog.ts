import type { FastifyReply, FastifyRequest } from 'fastify'
import { flag } from '../../../config/rules.ts'
import { BadRequest } from '../../../contract/errors.ts'
import { Feed, type FeedQuery } from '../../../events/feed.ts'
import { deleteBefore } from '../../../events/log.ts'
import { readerName } from '../../../events/reader.ts'
import { Relay } from '../../../events/relay.ts'
import { Stores } from '../../../events/stores.ts'
import { logTables } from '../../../events/tables.ts'
import { LogWatch } from '../../../events/watch.ts'
import type { Database } from '../../../sql/index.ts'
import type { Host, Part } from '../../part.ts'
import { database } from '../database.ts'
import { outlet } from '../jobs/outlet.ts'
import { feedPath } from './feedSource.ts'
import { checkReader, readersRule, type ReadersOptions } from './readers.ts'
import { reasonOf, transport } from './transport.ts'

/** How long events are kept, in milliseconds: a subscriber may be down for a week. */
const retentionMs = 7 * 86_400_000
const sweepEveryMs = 600_000
const maxWaitMs = 25_000
const maxEvents = 500

/** Serves the events of a service to its subscribers. */
export const eventLog: Part<ReadersOptions & { readonly edge?: boolean }> = {
  name: 'events',
  options: { subscribers: readersRule, edge: flag },
  tables: logTables,
  needsTables: ({ contract: { events } }) => Object.keys(events).length > 0,
  async open(host, { edge, subscribers }) {
    const { contract, use, fastify, inFlight, whenListening } = host
    if (Object.keys(contract.events).length === 0) return {}
    const { db, home } = await use(database)
    const { events } = await use(outlet)
    const stores = new Map<string, Database>(home ? [['', home]] : [])
    for (const name of db?.shards.names ?? []) stores.set(name, db!.shard(name))
    const watch = new LogWatch(stores)
    const readable = new Stores(stores, watch, (shard, error) => logStore(host, shard, error))
    const feed = new Feed(contract.name, readable)
    events.onPublished = () => watch.published()
    const { broker } = await use(transport)
    const relay =
      broker &&
      new Relay({
        service: contract.name,
        stores: readable,
        db: [...stores.values()][0]!,
        stream: broker.stream(contract.name, (error) =>
          host.log.warn({ reason: reasonOf(error) }, 'NATS does not change the limits of the stream of events'),
        ),
        reader: readerName(),
        onChange: (error) => logChange(host, error),
        onGone: (shard, error) =>
          host.log.error({ shard, reason: error.message }, 'events were deleted before they were relayed to NATS'),
      })
    whenListening(() => relay?.start())
    // At the edge, no caller may read events.
    if (!edge) {
      const allowed = subscribers && new Set(subscribers)
      fastify.get(feedPath, async (request, reply) => {
        checkReader(request, contract.name, allowed)
        const signal = AbortSignal.any([inFlight.draining, callerSignal(reply)])
        return { code: 0, data: await feed.take(queryOf(request), signal) }
      })
    }
    const sweep = setInterval(() => {
      for (const store of stores.values()) void deleteBefore(store, retentionMs).catch(() => {})
    }, sweepEveryMs).unref()
    return {
      stopTaking: () => relay?.stop(),
      close() {
        clearInterval(sweep)
        return watch.close()
      },
    }
  },
}

/** Aborts when the caller hangs up. */
function callerSignal({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController()
  raw.once('close', () => gone.abort())
  return gone.signal
}

/** @throws {BadRequest} */
function queryOf({ query }: FastifyRequest): FeedQuery {
  const {
    after,
    from = 'now',
    names = '',
    limit,
    wait_ms: waitMs,
  } = query as Readonly<Record<string, string | undefined>>
  const start = from === 'now' || from === 'beginning' ? from : new Date(from)
  if (start instanceof Date && Number.isNaN(start.getTime()))
    throw new BadRequest('from: expected now, beginning or a time')
  return {
    after,
    from: start,
    names: names.split(','),
    limit: Math.min(maxEvents, Math.max(1, Math.floor(Number(limit ?? maxEvents)) || maxEvents)),
    waitMs: Math.min(maxWaitMs, Math.max(0, Number(waitMs ?? 0)) || 0),
  }
}

function logChange({ log }: Pick<Host, 'log'>, error: unknown): void {
  if (error === undefined) log.info('the events are relayed to NATS again')
  else log.warn({ reason: reasonOf(error) }, 'the events are not relayed to NATS: they wait in the database')
}

function logStore({ log }: Pick<Host, 'log'>, shard: string, error: unknown): void {
  if (error === undefined) log.info({ shard }, 'the events of a shard are read again')
  else log.warn({ shard, reason: reasonOf(error) }, 'the events of a shard wait: its database does not respond')
}
