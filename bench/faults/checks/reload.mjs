// SIGHUP under load, on persistent and new connections: every worker is replaced, and no request fails.
import { open } from '../../workers/connection.mjs'
import { startWorkers } from '../../workers/start.mjs'

export const number = 3
export const title = 'SIGHUP of two workers under POST load'

const workers = 2
const keeping = 16
/** As fast as they can: connections are on their way to workers that end. */
const connecting = 12
/** Between two requests of one who keeps its connection, in milliseconds. */
const paceMs = 20

export async function run({ full = false } = {}) {
  const reloads = full ? 10 : 3
  const service = await startWorkers(workers)
  const calls = { sent: 0, failures: [], pids: new Set() }
  let isOver = false
  const load = Array.from({ length: keeping + connecting }, (_, n) =>
    keepCalling(service.port, calls, n < keeping, () => isOver),
  )
  for (let n = 0; n < reloads; n++) {
    const reloaded = service.said('"msg":"reloaded"')
    service.signal('SIGHUP')
    await reloaded
  }
  isOver = true
  await Promise.all(load)
  const code = await service.stop()
  const { sent, failures, pids } = calls
  const processes = workers * (reloads + 1)
  return [
    [
      `failures of ${sent} calls, ${reloads} reloads`,
      [failures.length, ...failures.slice(0, 3)].join(', '),
      '0',
      failures.length === 0,
    ],
    ['processes that responded', String(pids.size), String(processes), pids.size === processes],
    ['exit code', String(code), '0', code === 0],
  ]
}

/** Keeps its connection, if at all, until a response ends it. A POST is never repeated. */
async function keepCalling(port, calls, keeps, isOver) {
  let connection = open(port)
  while (!isOver()) {
    calls.sent++
    try {
      const { status, body, ends } = await connection.ask('/pid', 'POST')
      if (status === 200) calls.pids.add(body)
      else calls.failures.push(`responded with ${status}`)
      if (ends || !keeps) connection = reopen(connection, port)
    } catch (error) {
      calls.failures.push(error.message)
      connection = reopen(connection, port)
    }
    if (keeps) await new Promise((resolve) => setTimeout(resolve, paceMs))
  }
  connection.close()
}

function reopen(connection, port) {
  connection.close()
  return open(port)
}
