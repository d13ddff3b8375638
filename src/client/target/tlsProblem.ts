/**
 * What is wrong between two sides of a TLS handshake, for who reads of a call that failed; undefined when it is something
 * else.
 *
 * The codes are those of Node (https://nodejs.org/api/tls.html#x509-certificate-error-codes) and the names of OpenSSL's.
 */
export function tlsProblem(error: Error | undefined): string | undefined {
  const { code = '' } = (error ?? {}) as { code?: string }
  if (isRefusedCertificate(error)) return 'refuses the certificate of its caller, or wants one'
  if (code === 'CERT_HAS_EXPIRED') return 'has a certificate that has expired'
  if (code === 'CERT_NOT_YET_VALID') return 'has a certificate that is not valid yet'
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'has a certificate for another name'
  if (untrusted.test(code)) return 'has a certificate that is not trusted'
  if (noTls.test(code)) return 'does not speak TLS'
  return undefined
}

/**
 * Whether the other side has ended a handshake because of this side's certificate. Under TLS 1.3 it says so only when a
 * request may already be on its way; but what it has not let in has not run.
 */
export function isRefusedCertificate(error: Error | undefined): boolean {
  return refused.test((error as { code?: string } | undefined)?.code ?? '')
}

const refused = /^ERR_SSL_\w+_ALERT_(?:\w*CERTIFICATE\w*|UNKNOWN_CA|ACCESS_DENIED)$/
const untrusted = /^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|INVALID_|ERROR_IN_CERT_|PATH_LENGTH_EXCEEDED)/
const noTls = /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST)$/
