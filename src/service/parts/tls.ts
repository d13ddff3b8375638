import type { Server } from 'node:tls'
import { flag, group, pemFile } from '../../config/rules.ts'
import type { Fields } from '../../config/rule.ts'
import type { TlsOptions } from '../../http/tls.ts'
import { Certificates, type CertificateFiles } from '../../tls/certificates.ts'
import type { Opened, Part } from '../part.ts'

/** The certificates of a service. */
export interface Tls extends Opened {
  readonly certificates: Certificates
  /** Whether the service is called over TLS. */
  readonly isSecure: boolean
}

const certificateFiles: Fields<CertificateFiles> = { cert: pemFile, key: pemFile, ca: pemFile }

/** Serves HTTPS, and uses it to call other services. */
export const tls: Part<{ readonly tls?: TlsOptions }, {}, Tls> = {
  name: 'tls',
  options: {
    tls: group<TlsOptions>(
      { ...certificateFiles, requestCert: flag, http2: flag },
      {
        problem: (given: TlsOptions | undefined) =>
          given?.requestCert && given.ca === undefined
            ? "tls.requestCert needs tls.ca, else anybody's certificate would do"
            : undefined,
      },
    ),
  },
  async open({ fastify, log }, { tls: files }) {
    const certificates = new Certificates(files, log)
    if (files) await certificates.serve(fastify.server as unknown as Server)
    return { certificates, isSecure: files !== undefined, close: () => certificates.close() }
  },
}
