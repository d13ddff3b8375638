import type { Server } from 'node:tls'
import { flag, group } from '../../config/rules.ts'
import type { Fields, Rule } from '../../config/rule.ts'
import type { TlsOptions } from '../../http/tls.ts'
import { Certificates, type CertificateFiles } from '../../tls/certificates.ts'
import type { Opened, Part } from '../part.ts'

/** The certificates of a service. */
export interface Tls extends Opened {
  readonly certificates: Certificates
  /** Whether the service is called over TLS. */
  readonly isSecure: boolean
}

const file: Rule = {
  expected: 'the path of a PEM file, or the URL of one',
  accepts: (value) => (typeof value === 'string' && value !== '') || value instanceof URL,
}

/** The rules of the files of a certificate. */
export const certificateFiles: Fields<CertificateFiles> = { cert: file, key: file, ca: file }

/** Serves HTTPS, and calls others by it. */
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
