/**
 * How several processes can share a port, measured on bare `node:http` with two workers:
 *
 * - `round robin`: node:cluster, the primary accepts and hands each connection to the next worker
 * - `shared handle`: node:cluster with SCHED_NONE, all workers accept from one socket
 * - `SO_REUSEPORT`: a socket for each worker, the kernel chooses by a hash of the addresses (Node 23.1, 22.12 and later)
 *
 *   node bench/workers/sharing.mjs
 */
import { fork } from 'node:child_process'
import cluster from 'node:cluster'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { open } from './connection.mjs'
import { steady } from './steady.mjs'

const workers = 2
const rounds = Number(process.env.ROUNDS ?? 5)
const file = fileURLToPath(import.meta.url)
const [major, minor] = process.versions.node.split('.').map(Number)
const hasReusePort = major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)

const [, , role, mode, portText] = process.argv
if (role === 'primary') primary()
else if (role === 'worker') worker()
else await measureAll()

function primary() {
  cluster.schedulingPolicy = mode === 'round robin' ? cluster.SCHED_RR : cluster.SCHED_NONE
  cluster.setupPrimary({ exec: file, args: ['worker', mode, portText] })
  let listening = 0
  for (let n = 0; n < workers; n++) {
    cluster.fork().on('message', (message) => {
      if (message.port && ++listening === workers) process.send({ port: message.port })
    })
  }
  process.on('message', () => process.send({ cpu: process.cpuUsage() }))
  process.on('disconnect', () => process.exit())
}

function worker() {
  let served = 0
  const server = createServer((request, response) => {
    const ms = request.url === '/busy' ? 1 : 0
    for (const until = performance.now() + ms; performance.now() < until;);
    served++
    if (request.url === '/cpu')
      return response.end(JSON.stringify({ pid: process.pid, served, cpu: process.cpuUsage() }))
    if (request.url === '/close') {
      server.close()
      setTimeout(() => {}, 1000)
    }
    response.end(String(process.pid))
  })
  const listen = { port: Number(portText), host: '127.0.0.1' }
  if (mode === 'SO_REUSEPORT') server.listen({ ...listen, exclusive: true, reusePort: true })
  else server.listen(listen)
  server.on('listening', () => process.send({ port: server.address().port }))
}

async function measureAll() {
  console.log(`Node ${process.version}, ${workers} workers, medians of ${rounds}`)
  let port = 18_500 // below those that the connections of the load get
  for (const mode of ['round robin', 'shared handle', ...(hasReusePort ? ['SO_REUSEPORT'] : [])]) {
    const results = []
    for (let round = 0; round < rounds; round++) results.push(await measure(mode, port++))
    const [most20, mostAtOnce, keepAlive, fresh, p50, p99, lost] = results[0].map((_, i) =>
      results.map((result) => result[i]).sort((a, b) => a - b),
    )
    const mid = (values) => values[Math.floor(values.length / 2)]
    console.log(`${mode}
  largest share of 20 connections ${percent(mid(most20))}, worst ${percent(most20.at(-1))}; of 32 opened at once while all are busy ${percent(mid(mostAtOnce))}, worst ${percent(mostAtOnce.at(-1))}
  CPU a request, all processes: persistent connection ${mid(keepAlive).toFixed(0)} µs, new connection ${mid(fresh).toFixed(0)} µs
  600 requests/s of 1 ms over 16 connections: p50 ${mid(p50).toFixed(1)} ms, p99 ${mid(p99).toFixed(1)} ms, worst p99 ${p99.at(-1).toFixed(1)} ms
  connections lost when one worker of the two stops listening, of 2000: ${mid(lost)}, most ${lost.at(-1)}`)
  }
}

async function measure(mode, port) {
  const child = fork(file, ['primary', mode, String(port)])
  await once(child, 'message')
  const most20 = await largestShare(port, 20)
  const mostAtOnce = await largestShareAtOnce(port, 32)
  const keepAlive = await cpuOf(child, port, 10_000, () => onPersistent(port, 32, 10_000))
  const fresh = await cpuOf(child, port, 2000, () => onFresh(port, 16, 2000))
  const latencies = await openLoop(port, 16, 600, 3)
  const at = (share) => latencies[Math.floor(latencies.length * share)]
  const lost = await whileOneCloses(port)
  child.disconnect()
  await once(child, 'exit')
  return [most20, mostAtOnce, keepAlive, fresh, at(0.5), at(0.99), lost]
}

async function largestShare(port, count) {
  const counts = new Map()
  const pool = []
  for (let n = 0; n < count; n++) {
    const connection = open(port)
    pool.push(connection)
    const { body: pid } = await connection.ask('/')
    counts.set(pid, (counts.get(pid) ?? 0) + 1)
  }
  for (const { close } of pool) close()
  return Math.max(...counts.values()) / count
}

async function largestShareAtOnce(port, count) {
  const pool = Array.from({ length: 2 * count }, () => open(port))
  const counts = new Map()
  const responses = await Promise.all(pool.map(({ ask }) => ask('/busy')))
  for (const { body } of responses.slice(count)) counts.set(body, (counts.get(body) ?? 0) + 1)
  for (const { close } of pool) close()
  return Math.max(...counts.values()) / count
}

async function cpuOf(child, port, requests, load) {
  const before = await cpu(child, port)
  await load()
  return ((await cpu(child, port)) - before) / requests
}

/** CPU of the primary and of all workers, in microseconds. */
async function cpu(child, port) {
  child.send('cpu')
  const [message] = await once(child, 'message')
  const byPid = new Map()
  while (byPid.size < workers) {
    const connection = open(port)
    const { pid, cpu: used } = JSON.parse((await connection.ask('/cpu')).body)
    byPid.set(pid, used)
    connection.close()
  }
  return [message.cpu, ...byPid.values()].reduce((sum, { user, system }) => sum + user + system, 0)
}

async function onPersistent(port, connections, requests) {
  const each = async () => {
    const connection = open(port)
    for (let n = 0; n < requests / connections; n++) await connection.ask('/')
    connection.close()
  }
  await Promise.all(Array.from({ length: connections }, each))
}

async function onFresh(port, atOnce, requests) {
  let lost = 0
  const each = async () => {
    for (let n = 0; n < requests / atOnce; n++) {
      const connection = open(port)
      await connection.ask('/').catch(() => lost++)
      connection.close()
    }
  }
  await Promise.all(Array.from({ length: atOnce }, each))
  return lost
}

async function openLoop(port, connections, rate, seconds) {
  const pool = Array.from({ length: connections }, () => open(port))
  await Promise.all(pool.map((connection) => connection.ask('/')))
  return steady(pool, '/busy', rate, seconds)
}

async function whileOneCloses(port) {
  const load = onFresh(port, 64, 2000)
  const connection = open(port)
  await connection.ask('/close').catch(() => {}) // it, too, may be lost
  connection.close()
  return load
}

function percent(share) {
  return `${(share * 100).toFixed(0)} %`
}
