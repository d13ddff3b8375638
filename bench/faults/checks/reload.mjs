// SIGHUP under keep-alive load: every worker is replaced, and no request fails.
import { open } from '../../workers/connection.mjs'
import { startWorkers } from '../../workers/start.mjs'

export const number = 3
export const title = 'SIGHUP of two workers under keep-alive POST load'

const workers = 2
const callers = 16
/** Between two requests of a caller, in milliseconds. */
const paceMs = 20

export async function run({ full = false } = {}) {
  const reloads = full ? 10 : 3
  const service = await startWorkers(workers)
  const calls = { sent: 0, failures: [], pids: new Set() }
  let isOver = false
  const load = Array.from({ length: callers }, () => keepCalling(service.port, calls, () => isOver))
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
    ['processes that answered', String(pids.size), String(processes), pids.size === processes],
    ['exit code', String(code), '0', code === 0],
  ]
}

/** Keeps its connection until an answer says that it ends; a POST is never sent again. */
async function keepCalling(port, calls, isOver) {
  let connection = open(port)
  while (!isOver()) {
    calls.sent++
    try {
      const { status, body, ends } = await connection.ask('/pid', 'POST')
      if (status === 200) calls.pids.add(body)
      else calls.failures.push(`answered ${status}`)
      if (ends) connection = reopen(connection, port)
    } catch (error) {
      calls.failures.push(error.message)
      connection = reopen(connection, port)
    }
    await new Promise((resolve) => setTimeout(resolve, paceMs))
  }
  connection.close()
}

function reopen(connection, port) {
  connection.close()
  return open(port)
}
