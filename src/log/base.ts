import { ecsVersion } from './ecs.ts'

/** The owner of a log: the fields that each line starts with. */
export interface LogOwner {
  /** The name of the service. */
  readonly name: string
  /** The process id, if more than one process writes the lines of a service. */
  readonly pid?: number | undefined
  /** Whether fields have the names of the Elastic Common Schema. Default: false. */
  readonly ecs?: boolean | undefined
}

/** Returns the fields that all lines of a log have. */
export function baseOf({ name, pid, ecs = false }: LogOwner): Readonly<Record<string, unknown>> {
  if (!ecs) return { service: name, ...(pid !== undefined && { pid }) }
  return { 'ecs.version': ecsVersion, 'service.name': name, ...(pid !== undefined && { 'process.pid': pid }) }
}
