/** Migrations: `.sql` files applied in order, once, by one instance at a time. */
export { migrateCommand, type CommandContext } from './command.ts'
export type { ScratchServer } from './generateCommand.ts'
export { MigrationError, type MigrationErrorOptions } from './error.ts'
export {
  migrate,
  migrationStatus,
  rollback,
  type MigrateOptions,
  type MigrationStatus,
  type MigrationTarget,
} from './migrate.ts'
export type { MigrationState } from './plan.ts'
