import { ecsVersion } from './ecs.ts'

/** Whose lines they are: what each of them begins with. */
export interface LogOwner {
  /** The service. */
  readonly name: string
  /** The process, where several write the lines of one service. */
  readonly pid?: number | undefined
  /** Whether names are those of the Elastic Common Schema. Default: false. */
  readonly ecs?: boolean | undefined
}

/** The fields that all lines of a log have. */
export function baseOf({ name, pid, ecs = false }: LogOwner): Readonly<Record<string, unknown>> {
  if (!ecs) return { service: name, ...(pid !== undefined && { pid }) }
  return { 'ecs.version': ecsVersion, 'service.name': name, ...(pid !== undefined && { 'process.pid': pid }) }
}
