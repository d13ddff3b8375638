/**
 * Runs commands on the database of a service in this process: a process of its own takes half a second of CPU time for each.
 * Each command also has a test that runs the built `tricube`.
 */
import { vi } from 'vitest'
import { CliError, complain, describeFailure } from '../../src/cli/failure.ts'

/** Runs one with these variables, and returns its exit code and what it printed. */
export async function here(
  command: (argv: string[]) => Promise<number>,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const printed = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      printed[name] += String(text)
      return true
    }),
  )
  const before = process.env['DATABASE_URL']
  vi.stubEnv('DATABASE_URL', env['DATABASE_URL'])
  try {
    return { code: await run(command, [...argv]), ...printed }
  } finally {
    vi.stubEnv('DATABASE_URL', before)
    for (const spy of spies) spy.mockRestore()
  }
}

/** As src/cli/main.ts does. */
async function run(command: (argv: string[]) => Promise<number>, argv: string[]): Promise<number> {
  try {
    return await command(argv)
  } catch (error) {
    complain(describeFailure(error))
    return error instanceof CliError ? error.exitCode : 1
  }
}
