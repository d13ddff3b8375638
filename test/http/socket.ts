import { connect, type Socket } from 'node:net'

/** What came back on a connection. */
export interface Talk {
  /** The statuses of the responses, in order. */
  readonly statuses: readonly number[]
  /** The body of the last response. */
  readonly body: string
  readonly text: string
  /** Whether the other side closed. */
  readonly isClosed: boolean
}

/** Sends raw bytes. Resolves when the other side closes the connection or has sent this many responses. */
export function talk(port: number, bytes: string | Buffer, responses: number = Infinity): Promise<Talk> {
  return new Promise((resolve, reject) => {
    let text = ''
    const statuses = (): number[] => Array.from(text.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => Number(status))
    const end = (isClosed: boolean): void => {
      socket.destroy()
      resolve({ statuses: statuses(), body: text.split('\r\n\r\n').at(-1)!, text, isClosed })
    }
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.from(bytes as string, 'latin1')))
    socket.on('data', (data) => {
      text += data.toString('latin1')
      if (statuses().length >= responses) end(false)
    })
    socket.on('end', () => end(true))
    socket.on('error', (error) => (text ? end(true) : reject(error)))
  })
}

/** Resolves when a connection is closed, whichever way; what comes is read. */
export function closed(socket: Socket): Promise<void> {
  socket.on('error', () => {})
  socket.resume()
  return new Promise((resolve) => socket.once('close', () => resolve()))
}
