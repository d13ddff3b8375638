import net from 'node:net'

// SSLRequest: eight bytes that a server answers with one, before anything else.
// https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-SSLREQUEST
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])

/** Whether a PostgreSQL answers at all, within `limitMs`; costs it no session. */
export async function answers(url: string, limitMs: number): Promise<boolean> {
  const { default: pg } = await import('pg')
  const { host, port } = new pg.Client({ connectionString: url })
  return new Promise((resolve) => {
    const socket = host.startsWith('/') ? net.connect(`${host}/.s.PGSQL.${port}`) : net.connect(port, host)
    const end = (alive: boolean): void => {
      clearTimeout(limit)
      socket.destroy()
      resolve(alive)
    }
    const limit = setTimeout(() => end(false), limitMs)
    socket.on('connect', () => socket.write(sslRequest))
    socket.on('data', () => end(true))
    socket.on('error', () => end(false))
    socket.on('close', () => end(false))
  })
}
