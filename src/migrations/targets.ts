import { join } from 'node:path'
import type { MigrateOptions } from './migrate.ts'
import { UsageError } from './usageError.ts'

/** What says which databases a command works on, and how. */
export interface TargetInvocation {
  /** The folder of the service. */
  readonly folder: string
  readonly url?: readonly string[] | undefined
  readonly 'lock-timeout'?: string | undefined
  readonly 'allow-destructive'?: boolean | undefined
  readonly 'allow-newer'?: boolean | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly out: (line: string) => void
  readonly err: (line: string) => void
  readonly findUrl: ((folder: string) => Promise<string>) | undefined
}

/** Each database, and the prefix of its lines. */
export async function* targetsOf(
  invocation: TargetInvocation,
): AsyncGenerator<MigrateOptions & { readonly label: string }> {
  const { folder, out } = invocation
  const url = await urlsOf(invocation)
  const lockTimeoutMs = invocation['lock-timeout'] === undefined ? 1000 : Number(invocation['lock-timeout'])
  if (!Number.isInteger(lockTimeoutMs) || lockTimeoutMs < 1) {
    throw new UsageError(`--lock-timeout must be 1 or more milliseconds, got ${invocation['lock-timeout']}`)
  }
  for (const each of url) {
    const label = url.length === 1 ? '' : `${databaseOf(each)}: `
    yield {
      url: each,
      directory: join(folder, 'migrations'),
      label,
      lockTimeoutMs,
      allowDestructive: invocation['allow-destructive'] ?? false,
      allowNewer: invocation['allow-newer'] ?? false,
      onApplied: ({ id, durationMs }) => out(`${label}${id} (${Math.round(durationMs)} ms)`),
    }
  }
}

/** The databases that are given, or else the one that is found, which it names. */
async function urlsOf({ folder, url, env, err, findUrl }: TargetInvocation): Promise<readonly string[]> {
  const given = url ?? [env['DATABASE_URL'] ?? '']
  if (!given.includes('')) return given
  if (url !== undefined || findUrl === undefined)
    throw new UsageError('the database is missing: pass --url or set DATABASE_URL')
  const found = await findUrl(folder)
  err(`on ${databaseOf(found)}, the database of tricube dev`)
  return [found]
}

/** Host and database, never the password. */
function databaseOf(url: string): string {
  if (!URL.canParse(url)) return 'database'
  const { host, pathname } = new URL(url)
  return host + pathname
}
