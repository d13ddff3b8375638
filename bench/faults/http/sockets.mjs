// Bare sockets towards the service of these checks.
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { callerOf } from '../lib/caller.mjs'
import { portOf, startChild } from '../lib/child.mjs'

const probe = new URL('../lib/probe.mjs', import.meta.url).href
const file = fileURLToPath(new URL('service.mjs', import.meta.url))

/** Starts the service; `run` gets its port, its caller and what tells its memory. It ends with `run`. */
export async function withService(run) {
  let onMeasured
  const onMessage = (message) => message.heldBytes && onMeasured(message)
  const service = await startChild(file, { execArgv: ['--expose-gc', '--import', probe], onMessage })
  const caller = callerOf(service.address)
  const measure = () => {
    const measured = new Promise((resolve) => (onMeasured = resolve))
    service.tell('measure')
    return measured
  }
  try {
    return await run({ port: portOf(service), caller, measure })
  } finally {
    caller.close()
    await service.kill()
  }
}

/** Sends bytes; resolves to the statuses, the last body and whether the other side closed within so many milliseconds. */
export function talk(port, bytes, waitMs = 15_000) {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.from(bytes, 'latin1')))
    const end = (isClosed) => {
      clearTimeout(timer)
      socket.destroy()
      const statuses = Array.from(text.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => Number(status))
      resolve({ statuses, body: text.split('\r\n\r\n').at(-1), isClosed })
    }
    const timer = setTimeout(() => end(false), waitMs)
    socket.on('data', (data) => (text += data.toString('latin1')))
    socket.on('end', () => end(true))
    socket.on('error', () => end(true))
  })
}

/** Opens a connection; resolves, when the other side has closed it, to how long it was open in milliseconds. */
export function closedAfter(port, whenOpen) {
  return new Promise((resolve) => {
    let from = performance.now()
    const socket = connect(port, '127.0.0.1', () => {
      from = performance.now()
      whenOpen(socket)
      socket.resume() // who does not read does not hear of the end
    })
    socket.on('error', () => {})
    socket.on('end', () => socket.destroy())
    socket.on('close', () => resolve(performance.now() - from))
  })
}
