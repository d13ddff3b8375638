// What this process sends, by the callee's port, as undici itself tells it.
import diagnostics from 'node:diagnostics_channel'

/** Counts attempts and what is in flight until it is stopped. */
export function watchSending() {
  const sending = { inFlight: new Map(), attempts: [] }
  const ports = new WeakMap()
  const add = (port, count) => sending.inFlight.set(port, (sending.inFlight.get(port) ?? 0) + count)
  const waiting = new Map()
  const end = ({ request, error }) => {
    const port = ports.get(request)
    if (port === undefined) return
    if (error) waiting.get(port)?.(sending.inFlight.get(port))
    ports.delete(request)
    add(port, -1)
  }
  /** How many were on their way to a port when the first of them was seen to fail. */
  sending.inFlightAtNextError = (port) => new Promise((resolve) => waiting.set(port, resolve))
  const subscriptions = {
    'undici:client:sendHeaders': ({ request, socket }) => {
      ports.set(request, socket.remotePort)
      add(socket.remotePort, 1)
      sending.attempts.push({ at: performance.now(), port: socket.remotePort })
    },
    'undici:client:connectError': ({ connectParams }) =>
      sending.attempts.push({ at: performance.now(), port: Number(connectParams.port) }),
    'undici:request:trailers': end,
    'undici:request:error': end,
  }
  for (const [name, listener] of Object.entries(subscriptions)) diagnostics.subscribe(name, listener)
  sending.stop = () => {
    for (const [name, listener] of Object.entries(subscriptions)) diagnostics.unsubscribe(name, listener)
  }
  return sending
}
