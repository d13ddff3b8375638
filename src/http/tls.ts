import type { Server, TLSSocket } from 'node:tls'
import type { LateLog } from '../log/late.ts'
import type { CertificateFiles } from '../tls/certificates.ts'

/** PEM files for serving HTTPS and calling other services by it: paths, or URLs of files. */
export interface TlsOptions extends CertificateFiles {
  /** The certificate, followed by its intermediate certificates. */
  readonly cert: string | URL
  /** Its private key. */
  readonly key: string | URL
  /** The authorities that sign the certificates of callers (with `requestCert`) and of called services. Default: Node's. */
  readonly ca?: string | URL
  /** Mutual TLS: only callers with a certificate that `ca` has signed get through the handshake. Default: false. */
  readonly requestCert?: boolean
  /** Offers HTTP/2 beside HTTP/1.1. Default: false. */
  readonly http2?: boolean
}

/** Logs failed handshakes with their reason. A caller does not learn that its certificate is not trusted. */
export function logFailedHandshakes(server: Pick<Server, 'on'>, log: LateLog): void {
  server.on('tlsClientError', ({ code }: NodeJS.ErrnoException, socket: TLSSocket) => {
    // An error by Node's types; in fact the code of one.
    const reason = (socket.authorizationError as Error | string | null) ?? code
    log.debug({ reason, peer: socket.remoteAddress }, 'a TLS handshake failed')
  })
}
