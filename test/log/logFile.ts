import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contract, service, t, type Contract, type Service, type ServiceOptions } from 'tricube'

export const quiet = contract('quiet-service', {
  say: { route: 'GET /say/:what', query: { password: t.Optional(t.String()) }, returns: t.Unknown() },
})

/** A service that logs to a file of its own; `lines` stops it and reads what it has logged. */
export async function logging<Logged extends Contract>(
  contract: Logged,
  options: ServiceOptions<Logged['operations']>,
): Promise<{ app: Service<Logged>; text: () => Promise<string>; lines: () => Promise<Record<string, any>[]> }> {
  const folder = await mkdtemp(join(tmpdir(), 'tricube-log-'))
  const path = join(folder, 'service.log')
  const app = service(contract, { ...options, log: { file: path, ...options.log } })
  const text = async (): Promise<string> => {
    await app.close()
    const read = await readFile(path, 'utf8')
    await rm(folder, { recursive: true })
    return read
  }
  const lines = async (): Promise<Record<string, any>[]> =>
    (await text())
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, any>)
  return { app, text, lines }
}
