import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { after, milliseconds } from '../lib/load.mjs'
import { watchLateness } from '../lib/lateness.mjs'
import { closedAfter, talk, withService } from '../http/sockets.mjs'

export const number = 18
export const title = 'bodies too large, too slow, not read'

const head = 'POST /things HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n'
const mebibyte = 1024 * 1024
const mebibytes = (bytes) => `${(bytes / mebibyte).toFixed(1)} MiB`
/** Both limits are 30 s, looked after every second at least. */
const slowMs = 32_000

export function run() {
  return withService(async ({ port, caller, measure }) => {
    for (let i = 0; i < 100; i++) await caller.send('GET', '/things/1')
    await caller.send('GET', '/large')
    const stopWatching = watchLateness()
    const before = await measure()
    const declared = await talk(port, `${head}Content-Length: 99999999999\r\n\r\n{`)

    const floods = Promise.all(Array.from({ length: 20 }, () => flood(port)))
    const during = await measure()
    const sent = await floods
    const { rssBytes } = await measure()
    const grown = Math.max(during.rssBytes, rssBytes) - before.rssBytes

    const bomb = gzipSync(Buffer.alloc(100 * mebibyte, ' ')).toString('latin1')
    const bombed = await talk(port, `${head}Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n${bomb}`)

    const slowest = Math.max(...(await Promise.all(Array.from({ length: 100 }, () => closedAfter(port, trickle)))))
    const { longestUnread, lateMs } = await untilUnreadAreClosed(port, caller)
    const { heldBytes } = await measure()
    const boundMs = slowMs + stopWatching() + lateMs
    const retainedBytes = heldBytes - before.heldBytes
    const { status } = await caller.send('GET', '/things/1')
    return [
      ['100 GB by its length', `${declared.statuses}`, '413, closed', is(declared, 413)],
      [
        '20 endless ones in chunks',
        `${sent.map(({ status: s }) => s).filter((s) => s === 413).length} × 413`,
        '20',
        sent.every((s) => s.status === 413),
      ],
      ['memory grows by', mebibytes(grown), '100 MiB', grown <= 100 * mebibyte],
      [`a bomb of ${mebibytes(bomb.length)}`, `${bombed.statuses}`, '415, closed', is(bombed, 415)],
      ['the last of 100 slow bodies is closed after', milliseconds(slowest), milliseconds(boundMs), slowest <= boundMs],
      [
        'the last of 10 unread responses of 16 MiB',
        milliseconds(longestUnread),
        milliseconds(boundMs),
        longestUnread <= boundMs,
      ],
      ['memory held afterwards', mebibytes(retainedBytes), '10 MiB', retainedBytes <= 10 * mebibyte],
      ['responses afterwards', `${status}`, '200', status === 200],
    ]
  })
}

const is = ({ statuses, isClosed }, status) => statuses.length === 1 && statuses[0] === status && isClosed

/** Sends chunks until the other side closes. */
async function flood(port) {
  let text = ''
  await closedAfter(port, (socket) => {
    socket.on('data', (data) => (text += data))
    socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n`)
    const chunk = Buffer.from(`10000\r\n${'a'.repeat(65_536)}\r\n`)
    const more = () => {
      while (!socket.destroyed && socket.write(chunk));
    }
    socket.on('drain', more)
    more()
  })
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]) }
}

/** A body that never ends, a byte a second. */
function trickle(socket) {
  socket.write(`${head}Content-Length: 1000\r\n\r\n{`)
  const timer = setInterval(() => socket.write(' '), 1000)
  socket.on('close', () => clearInterval(timer))
}

/**
 * Requests responses larger than what the system buffers and does not read them: milliseconds until the service has closed
 * the connections, and how much of that time it waited for the CPU. The service reports both, because a caller that does not read cannot tell.
 */
async function untilUnreadAreClosed(port, caller) {
  let lateMs = 0
  const count = async () => {
    const { connections, lateMs: nowMs } = (await caller.send('GET', '/state')).body.data
    lateMs += nowMs > 100 ? nowMs : 0 // each of these puts a timer off
    return connections
  }
  const sockets = Array.from({ length: 10 }, () =>
    connect(port, '127.0.0.1')
      .on('error', () => {})
      .pause(),
  )
  const own = 1 // the caller's
  while ((await count()) < own + sockets.length) await after(50)
  for (const socket of sockets) socket.write('GET /large HTTP/1.1\r\nHost: a\r\n\r\n')
  await count() // the response comes after these
  const from = performance.now()
  while ((await count()) > own && performance.now() - from < 2 * slowMs) await after(250)
  for (const socket of sockets) socket.destroy()
  return { longestUnread: performance.now() - from, lateMs }
}
