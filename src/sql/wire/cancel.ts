/** `pg.Connection`, as far as it is used here; `@types/pg` does not describe the constructor's options. */
interface CancelConnection {
  connect(portOrPath: number | string, host?: string): void
  requestSsl(): void
  cancel(processId: number, secretKey: number): void
  on(event: string, listener: () => void): void
  readonly stream: { destroy(): void }
}

const limitMs = 2000

/**
 * Asks for a session's statement to be cancelled, over a connection of its own as the protocol wants it. Resolves when
 * the server has closed that connection: the signal has been sent by then, so that it cannot reach a later statement.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
export async function cancel(url: string, processId: number, secretKey: number): Promise<void> {
  const { default: pg } = await import('pg')
  const { host, port, ssl } = new pg.Client({ connectionString: url })
  const connection = new (pg.Connection as unknown as new (options: object) => CancelConnection)({ ssl })
  await new Promise<void>((resolve) => {
    const limit = setTimeout(() => connection.stream.destroy(), limitMs)
    connection.on('connect', () => (ssl ? connection.requestSsl() : connection.cancel(processId, secretKey)))
    connection.on('sslconnect', () => connection.cancel(processId, secretKey))
    connection.on('error', () => {})
    connection.on('end', () => {
      clearTimeout(limit)
      resolve()
    })
    if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`)
    else connection.connect(port, host)
  })
}
