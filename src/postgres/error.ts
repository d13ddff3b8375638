/** The embedded PostgreSQL cannot run, and one line says why. */
export class PostgresError extends Error {
  override readonly name = 'PostgresError'
}

/** A line for what a program of PostgreSQL said before it gave up. */
export function reasonIn(output: string): string {
  if (/No space left on device|wrote only \d+ of \d+ bytes/.test(output)) return 'the disk is full'
  const lines = output.trim().split('\n')
  const fatal = lines.find((line) => /FATAL:|PANIC:|error:/.test(line)) ?? lines.at(-1)
  return fatal?.replace(/^.*?(?:FATAL|PANIC|error):\s*/, '') || 'no reason given'
}
