// Two services, each with two instances and a PostgreSQL of its own, and what can happen to them.
import { fileURLToPath } from 'node:url'
import { database } from 'tricube/sql'
import { faultProxy } from 'tricube/testing'
import { portOf, startChild } from '../lib/child.mjs'
import { after } from '../lib/load.mjs'
import { durablePostgres } from '../lib/postgres.mjs'
import { transports } from './transports.mjs'

export const accounts = 50

const tables = {
  publisher: `
    CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL DEFAULT 0, payments int NOT NULL DEFAULT 0);
    INSERT INTO accounts SELECT generate_series(0, ${accounts - 1})`,
  // Nothing is unique: what is done twice is to be seen.
  subscriber: `
    CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL);
    CREATE TABLE received (at serial, account int, nth int, late float8);
    CREATE TABLE receipts (account int, nth int)`,
}

/** Starts all of it. */
export async function startSystem(transport) {
  const carrier = await transports[transport]()
  const publisher = await startSide('publisher', carrier.env)
  const addresses = await Promise.all(publisher.instances.map(({ address }) => faultProxy({ target: address })))
  const services = addresses.map(({ url }) => `paying-service=${url}`).join(',')
  const subscriber = await startSide('subscriber', { ...carrier.env, TRICUBE_SERVICES: services })
  const sides = [publisher, subscriber]
  const faults = {
    ...Object.fromEntries(sides.flatMap(({ faults: ofSide }) => Object.entries(ofSide))),
    'the network between them is cut': () => cut(addresses),
    ...(carrier.kill && { 'kill -9 of the broker': () => carrier.kill() }),
    ...(carrier.proxy && { 'the network to the broker is cut': () => cut([carrier.proxy]) }),
  }
  return {
    publisher,
    subscriber,
    faults,
    async close() {
      for (const side of [subscriber, publisher]) await side.close()
      for (const proxy of addresses) await proxy.close()
      await carrier.close()
    },
  }
}

/** The instances of one service with their database, which they reach through a proxy. */
async function startSide(name, env) {
  const postgres = await durablePostgres()
  const direct = database({ url: postgres.url() })
  await direct.script(tables[name])
  await direct.close()
  const proxy = await faultProxy({ target: postgres.url() })
  const file = fileURLToPath(new URL(`${name}.mjs`, import.meta.url))
  const common = { ...env, DATABASE_URL: proxy.url, TRICUBE_DISCOVERY: env.TRICUBE_SERVICES ? undefined : 'none' }
  const instances = await Promise.all([0, 1].map(() => startChild(file, { env: withoutUndefined(common) })))
  return {
    instances,
    url: () => postgres.url(),
    faults: {
      [`kill -9 of a ${name}`]: () => restart(instances, file, withoutUndefined(common)),
      [`a ${name} frozen beyond its lease`]: () => freeze(instances),
      [`kill -9 of the ${name}'s PostgreSQL`]: () => postgres.kill(),
      [`the network to the ${name}'s PostgreSQL is cut`]: () => cut([proxy]),
    },
    async close() {
      await Promise.all(instances.map((one) => one.kill()))
      await proxy.close()
      await postgres[Symbol.asyncDispose]()
    },
  }
}

async function restart(instances, file, env) {
  const victim = Math.floor(Math.random() * instances.length)
  await instances[victim].kill()
  await after(Math.random() * 2000)
  instances[victim] = await startAgain(file, { ...env, PORT: String(portOf(instances[victim])) })
}

/** Its database may be away too: an orchestrator would go on trying. */
async function startAgain(file, env) {
  for (;;) {
    try {
      return await startChild(file, { env })
    } catch {
      await after(200)
    }
  }
}

async function freeze(instances) {
  const { child } = instances[Math.floor(Math.random() * instances.length)]
  child.kill('SIGSTOP')
  await after(9500 + Math.random() * 4000)
  child.kill('SIGCONT')
}

/** Cut connections, a black hole, or a slow network. */
async function cut(proxies) {
  const toxics = [{ type: 'down' }, { type: 'timeout' }, { type: 'reset_peer' }, { type: 'latency', latencyMs: 500 }]
  const toxic = toxics[Math.floor(Math.random() * toxics.length)]
  const heals = proxies.map((proxy) => proxy.add(toxic))
  await after(1000 + Math.random() * 3000)
  for (const heal of heals) await heal()
}

function withoutUndefined(env) {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined))
}
