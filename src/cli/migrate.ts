import { migrateCommand } from '../migrations/command.ts'

/** `tricube migrate`, with an embedded PostgreSQL to try on what it writes. */
export function migrate(argv: string[]): Promise<number> {
  return migrateCommand(argv, {
    startServer: async () => (await import('../postgres/start.ts')).startPostgres(),
  })
}
