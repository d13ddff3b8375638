/**
 * What the dashboard of `tricube dev` costs the services: CPU of the service's process, user and system, for `GET /users/:id`
 * over 16 connections, with a page that watches everything, and with `--no-dashboard`.
 *
 *   npm run build && npm --prefix bench ci && node bench/dashboard/cost.mjs
 *
 * Fails when a request costs more than 2 % more. Both services take turns in random order, and the lower quartile of their
 * turns counts, because other programs can only add to a turn. Two processes of the same program differ by up to 2 %
 * themselves, so there are PAIRS of them, and the median of their ratios counts. TURNS and REQUESTS make it shorter.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { get } from 'node:http'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { costOf, median } from '../http/statistics.mjs'

const { PAIRS = '5', TURNS = '30', REQUESTS = '4000' } = process.env
const mostAdded = 2
const here = fileURLToPath(new URL('.', import.meta.url))
const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const connections = 16

const ratios = []
for (let pair = 0; pair < Number(PAIRS); pair++) {
  const all = [await start('without', ['--no-dashboard']), await start('with', ['--dashboard-port', '0'])]
  for (const one of all) await load(one.port, 3 * Number(REQUESTS)) // warm
  for (let turn = 0; turn < Number(TURNS); turn++) {
    for (const one of turn % 2 === 0 ? all : all.toReversed()) one.turns.push(await measure(one))
  }
  const [without, withDashboard] = all.map(({ turns }) => costOf(turns).cost)
  ratios.push(withDashboard / without)
  console.log(
    `pair ${pair + 1}: ${without.toFixed(1)} µs without, ${withDashboard.toFixed(1)} µs with the dashboard: ${added(ratios.at(-1))}`,
  )
  for (const one of all) await one.stop()
}
const found = median(ratios)
const holds = (found - 1) * 100 <= mostAdded
console.log(`${holds ? 'ok    ' : 'FAILED'} the dashboard adds ${added(found)} to a request, at most ${mostAdded} %`)
process.exitCode = holds ? 0 : 1

async function start(name, options) {
  await mkdir(join(here, '.runs'), { recursive: true })
  const cwd = await mkdtemp(join(here, '.runs', `${name}-`)) // below bench/, where `tricube` is installed
  await mkdir(join(cwd, 'users'))
  await copyFile(join(here, 'service.mjs'), join(cwd, 'users', 'service.mjs'))
  const port = await freePort()
  const env = { ...process.env, BENCH_PORT: String(port) }
  const dev = spawn(process.execPath, [program, 'dev', ...options], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  dev.stdout.setEncoding('utf8')
  for await (const text of dev.stdout.iterator({ destroyOnReturn: false })) {
    output += text
    if (output.includes('Ready in')) break
  }
  dev.stdout.resume()
  const url = /Dashboard: (\S+)/.exec(output)?.[1]
  const watcher = url === undefined ? undefined : watch(new URL(url))
  return {
    port,
    turns: [],
    async stop() {
      watcher?.destroy()
      dev.kill('SIGINT')
      await once(dev, 'exit')
      await rm(cwd, { recursive: true, force: true })
    },
  }
}

/** Follows everything, as a page does. */
function watch({ port, origin, searchParams }) {
  const headers = { cookie: `tricube-dashboard-${port}=${searchParams.get('token')}` }
  return get(`${origin}/api/stream?topics=services,traces,logs`, { headers }, (response) => response.resume())
}

async function measure({ port }) {
  const before = await cpuOf(port)
  await load(port, Number(REQUESTS))
  return ((await cpuOf(port)) - before) / Number(REQUESTS)
}

async function cpuOf(port) {
  const { data } = await (await fetch(`http://127.0.0.1:${port}/cpu`)).json()
  return data.micros
}

/** Requests over persistent connections, one in flight on each. */
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

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

function added(ratio) {
  return `${((ratio - 1) * 100).toFixed(1)} %`
}
