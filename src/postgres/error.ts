/**
 * The error of an embedded PostgreSQL that cannot run. Its message gives the reason in one line.
 *
 * @example
 * try {
 *   await using postgres = await startPostgres({ dataDir: '/var/lib/shop' })
 * } catch (error) {
 *   if (error instanceof PostgresError) console.error(error.message)
 *   throw error
 * }
 */
export class PostgresError extends Error {
  override readonly name = 'PostgresError'
}

/** Returns the reason of a failure, from the output of a PostgreSQL program. */
export function reasonIn(output: string): string {
  if (/No space left on device|wrote only \d+ of \d+ bytes/.test(output)) return 'the disk is full'
  const lines = output.trim().split('\n')
  const fatal = lines.find((line) => /FATAL:|PANIC:|error:/.test(line)) ?? lines.at(-1)
  return fatal?.replace(/^.*?(?:FATAL|PANIC|error):\s*/, '') || 'no reason given'
}
