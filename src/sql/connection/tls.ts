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
 * What TLS does by libpq's meaning of sslmode: below `verify-ca` it encrypts and believes any certificate, unless there is a
 * root certificate; `verify-ca` wants it signed by that, `verify-full` also for the host's name. Files are read each time, as
 * they may have been replaced. Without a root certificate the `verify-` modes believe the authorities that Node knows.
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

/** A named file has to be there; the one that libpq looks for without being told need not. */
async function file(parameter: string, path: string | undefined, usual: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path ?? join(homedir(), '.postgresql', usual))
  } catch (cause) {
    if (path === undefined) return undefined
    throw new Error(`${parameter} cannot be read: ${(cause as Error).message}`, { cause })
  }
}
