/**
 * What metrics and the access log add to a request: CPU of the server process, user and system, for `GET /users/:id`
 * without a database over 64 connections. Variants are processes of their own; rounds are interleaved, medians printed.
 *
 *   npm run build && npm --prefix bench ci && npm --prefix bench run metrics
 *
 * The log goes to a pipe that is read and thrown away.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'

const rounds = Number(process.env.ROUNDS ?? 9)
const requests = Number(process.env.REQUESTS ?? 20_000)
const connections = 64
const file = fileURLToPath(new URL('service.mjs', import.meta.url))

const off = { OTEL_METRICS_EXPORTER: 'none', LOG_REQUESTS: '0' }
const variants = [
  ['neither', off],
  ['metrics', { ...off, OTEL_METRICS_EXPORTER: 'prometheus' }],
  ['access log', { ...off, LOG_REQUESTS: '1' }],
  ['access log of every tenth', { ...off, LOG_REQUESTS: '0.1' }],
  ['both', {}],
  ['both, ECS names', { LOG_FORMAT: 'ecs' }],
]

const servers = []
for (const [name, env] of variants) servers.push(await start(name, env))
for (const server of servers) await load(server.port, requests) // warm
for (let round = 0; round < rounds; round++) for (const server of servers) server.cpu.push(await measure(server))
for (const { child } of servers) child.disconnect()

const [{ cpu: bare }] = servers
console.log(`median of ${rounds} rounds, Node ${process.version}`)
for (const { name, cpu } of servers) {
  const added = cpu.map((micros, round) => micros - bare[round])
  console.log(`${name.padEnd(28)}${median(cpu).toFixed(1).padStart(6)} µs a request${sign(median(added))}`)
}

async function start(name, env) {
  const child = fork(file, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  child.stdout.resume()
  const [{ url }] = await once(child, 'message')
  return { name, child, port: Number(new URL(url).port), cpu: [] }
}

async function measure({ child, port }) {
  const before = await cpuOf(child)
  await load(port, requests)
  return ((await cpuOf(child)) - before) / requests
}

async function cpuOf(child) {
  child.send('cpu')
  const [{ user, system }] = await once(child, 'message')
  return user + system
}

/** Requests over persistent connections, one under way on each. */
function load(port, total) {
  const request = 'GET /users/1 HTTP/1.1\r\nhost: localhost\r\n\r\n'
  let sent = 0
  const one = () =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1')
      const next = () => (sent++ < total ? socket.write(request) : socket.end())
      socket.on('connect', next).on('data', next).on('close', resolve).on('error', reject)
    })
  return Promise.all(Array.from({ length: connections }, one))
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

function sign(micros) {
  return micros === 0 ? '' : `  ${micros > 0 ? '+' : '−'}${Math.abs(micros).toFixed(1)}`
}
