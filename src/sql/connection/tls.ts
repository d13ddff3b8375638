import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ConnectionOptions } from 'node:tls'
import type { ConnectionSettings } from '../url/settings.ts'

type TlsSettings = Pick<
  ConnectionSettings,
  'sslmode' | 'sslrootcert' | 'sslcert' | 'sslkey' | 'sslpassword' | 'sslMinVersion'
>

/**
 * Returns the TLS options for libpq's sslmode. Below `verify-ca` it encrypts and accepts any certificate, unless there is
 * a root certificate. `verify-ca` requires a certificate signed by that root, `verify-full` also one for the hostname.
 * Without a root certificate these two modes trust Node's authorities. Files are read each time, because they may have
 * been replaced.
 * https://www.postgresql.org/docs/current/libpq-ssl.html
 *
 * @throws {Error} naming the parameter and the file that cannot be read
 */
export async function tlsOptions(settings: TlsSettings): Promise<ConnectionOptions> {
  const { sslmode, sslpassword, sslMinVersion } = settings
  const [ca, cert, key] = await Promise.all([
    settings.sslrootcert === 'system' ? undefined : file('sslrootcert', settings.sslrootcert, 'root.crt'),
    file('sslcert', settings.sslcert, 'postgresql.crt'),
    file('sslkey', settings.sslkey, 'postgresql.key'),
  ])
  const verifies = sslmode.startsWith('verify') || (sslmode === 'require' && ca !== undefined)
  return {
    rejectUnauthorized: verifies,
    ...(sslmode !== 'verify-full' && { checkServerIdentity: () => undefined }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && key !== undefined && { cert, key }),
    ...(sslpassword !== undefined && { passphrase: sslpassword }),
    ...(sslMinVersion !== undefined && { minVersion: sslMinVersion as 'TLSv1.2' }),
  }
}

/** Reads a file. A configured file must exist, libpq's default file need not. */
async function file(parameter: string, path: string | undefined, usual: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path ?? join(homedir(), '.postgresql', usual))
  } catch (cause) {
    if (path === undefined) return undefined
    throw new Error(`${parameter} cannot be read: ${(cause as Error).message}`, { cause })
  }
}
