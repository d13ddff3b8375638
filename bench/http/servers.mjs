/** Starts the servers of a peer on their core: the one under load, and those that it calls. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { onServerCore } from './cores.mjs'

const startTimeoutMs = 60_000
/** How long a batch of spans may wait to be full, in milliseconds: the bench waits for the last one of each turn. */
export const spanDelayMs = 150

/**
 * Resolves when the server responds, to `{ url, pids, startMs, stop }`; `startMs` is from the start of its process to its
 * first response.
 *
 * @param peer one of peers.mjs
 * @param work one of works.mjs: whether there is a database, and who is called
 * @param place `{ isPinned, node, databaseUrl, zipkin, logFile }`
 */
export async function startServers(peer, work, place) {
  const { method, path, callees = [] } = work
  const started = []
  const stop = () => Promise.all(started.map(({ stop }) => stop()))
  const common = environmentOf(peer, work, place)
  try {
    for (const name of callees) started.push(await startOne(peer, place, { ...common, SERVICE: name }, `/${name}/1`))
    const urls = Object.fromEntries(callees.map((name, i) => [`${name.toUpperCase()}_URL`, started[i].url]))
    const hosts = callees.map((name, i) => `${name}=${new URL(started[i].url).host}`)
    const env = { ...common, ...urls, TRICUBE_SERVICES: hosts.join(), SERVICE: 'users' }
    const loaded = await startOne(peer, place, env, method === 'GET' ? path.replace('%d', 1) : '/users/1')
    started.unshift(loaded)
    return { url: loaded.url, startMs: loaded.startMs, pids: started.map(({ pid }) => pid), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** What a peer's servers of a work find in their environment. */
export function environmentOf(peer, { database }, place) {
  return {
    ...process.env,
    NODE_ENV: 'production',
    TZ: 'UTC',
    OTEL_BSP_SCHEDULE_DELAY: String(spanDelayMs),
    ...peer.env?.(place),
    ...(database && { DATABASE_URL: place.databaseUrl }),
  }
}

async function startOne(peer, place, env, path) {
  const port = await freePort()
  const [file, ...args] = onServerCore(place.isPinned, peer.command(place))
  const begun = performance.now()
  const child = spawn(file, args, { env: { ...env, PORT: String(port) }, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text) => (said = (said + text).slice(-2000)))
  const ended = once(child, 'exit')
  const url = `http://127.0.0.1:${port}`
  const stop = async () => {
    child.kill('SIGTERM')
    const patience = setTimeout(() => child.kill('SIGKILL'), 5000)
    await ended
    clearTimeout(patience)
  }
  while (!(await responds(url + path))) {
    if (child.exitCode !== null) throw new Error(`${peer.title} ended with ${child.exitCode}: ${said}`)
    if (performance.now() - begun > startTimeoutMs) {
      await stop()
      throw new Error(`${peer.title} does not respond to ${path}: ${said}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
  return { url, pid: child.pid, startMs: performance.now() - begun, stop }
}

async function responds(url) {
  try {
    const response = await fetch(url)
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
