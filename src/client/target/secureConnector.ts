import { checkServerIdentity, type SecureContext } from 'node:tls'
import type { buildConnector } from 'undici'
import type { Instance } from '../../discovery/registry.ts'
import type { Certificates } from '../../tls/certificates.ts'

/**
 * Returns a connector that connects to an instance by TLS, with the certificates of that moment. `build` is undici's.
 *
 * The certificate of the instance must be for the address that is called, as for any URL, or for the name of the service.
 * Where addresses change all the time, no certificate can name them.
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

/**
 * Destroys a socket at its first error.
 *
 * With TLS 1.3, a server may reject a certificate after the connection is open. The plain end that follows would hide it.
 */
function endingWithFirstError(callback: buildConnector.Callback): buildConnector.Callback {
  return (...connected) => {
    const [, socket] = connected
    socket?.once('error', () => socket.destroy())
    callback(...connected)
  }
}
