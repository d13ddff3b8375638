import { MigrationError } from './error.ts'

/** The arguments of a command are wrong. */
export class UsageError extends MigrationError {}
