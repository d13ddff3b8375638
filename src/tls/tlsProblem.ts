/**
 * Returns what went wrong in a TLS handshake, for the message of a failed call; undefined for other errors.
 *
 * The codes are those of Node (https://nodejs.org/api/tls.html#x509-certificate-error-codes) and of OpenSSL.
 */
export function tlsProblem(error: Error | undefined): string | undefined {
  const { code = '' } = (error ?? {}) as { code?: string }
  if (isRejectedCertificate(error)) return 'rejects the certificate of its caller, or requires one'
  if (code === 'CERT_HAS_EXPIRED') return 'has a certificate that has expired'
  if (code === 'CERT_NOT_YET_VALID') return 'has a certificate that is not valid yet'
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'has a certificate for another name'
  if (untrusted.test(code)) return 'has a certificate that is not trusted'
  if (noTls.test(code)) return 'does not speak TLS'
  return undefined
}

/**
 * Whether the server ended a handshake because of this side's certificate.
 *
 * With TLS 1.3, the alert may arrive after a request was written. The server has not run it, because the handshake failed.
 */
export function isRejectedCertificate(error: Error | undefined): boolean {
  return rejected.test((error as { code?: string } | undefined)?.code ?? '')
}

const rejected = /^ERR_SSL_\w+_ALERT_(?:\w*CERTIFICATE\w*|UNKNOWN_CA|ACCESS_DENIED)$/
const untrusted = /^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|INVALID_|ERROR_IN_CERT_|PATH_LENGTH_EXCEEDED)/
const noTls = /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST)$/
