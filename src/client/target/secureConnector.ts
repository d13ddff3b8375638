import { checkServerIdentity, type SecureContext } from 'node:tls'
import type { buildConnector } from 'undici'
import type { Instance } from '../../discovery/registry.ts'
import type { Certificates } from '../../tls/certificates.ts'

/**
 * Connects to an instance by TLS, with the certificates that there are at that moment; `build` is undici's.
 *
 * A certificate has to be for the address that is called, as for any URL, or for the service: where addresses come and
 * go no certificate can name them, and who has one in the service's name is whom the call is meant for.
 */
export function secureConnector(
  { service, address, serverName }: Instance,
  certificates: Certificates,
  build: typeof buildConnector,
  timeoutMs: number,
): buildConnector.connector {
  const names = [serverName ?? address, service] as const
  let used: SecureContext | undefined
  let connect: buildConnector.connector

  const connectorOf = (secureContext: SecureContext): buildConnector.connector =>
    build({
      secureContext,
      timeout: timeoutMs,
      ...(serverName !== undefined && { servername: serverName }),
      checkServerIdentity(_host, certificate) {
        const problem = checkServerIdentity(names[0], certificate)
        return problem && checkServerIdentity(names[1], certificate) && problem
      },
    })

  async function open(options: buildConnector.Options, callback: buildConnector.Callback): Promise<void> {
    let context: SecureContext
    try {
      context = await certificates.context()
    } catch (error) {
      callback(error as Error, null)
      return
    }
    if (context !== used) connect = connectorOf((used = context))
    connect(options, endingWithFirstError(callback))
  }
  return (options, callback) => void open(options, callback)
}

/** Under TLS 1.3 a refusal may come once a connection is open; what follows it is a plain end, which would hide it. */
function endingWithFirstError(callback: buildConnector.Callback): buildConnector.Callback {
  return (...connected) => {
    const [, socket] = connected
    socket?.once('error', () => socket.destroy())
    callback(...connected)
  }
}
