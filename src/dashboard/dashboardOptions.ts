import type { DashboardDatabase } from './data/database.ts'
import type { DeclaredWork } from './model/declaredWork.ts'
import type { SentUser } from './model/sentRequest.ts'
import type { ServiceState, SettingRow } from './model/state.ts'

/** A service that the dashboard can start and stop. */
export interface ManagedService {
  readonly state: Omit<ServiceState, 'isManaged'>
  /** Its contract as an OpenAPI document in JSON. */
  readonly openapi?: string | undefined
  /** The URL of its database, if it has one. */
  readonly databaseUrl?: string | undefined
  /** The services that it calls, by the names of their contracts. */
  readonly calls?: readonly string[]
  readonly work?: DeclaredWork
  start(): Promise<void>
  stop(): Promise<void>
  restart(): Promise<void>
  /** Reads the settings that it starts with. */
  settings(): Promise<readonly SettingRow[]>
}

/** The options of `openDashboard`. */
export interface DashboardOptions {
  /** The name of the project, which the page shows. */
  readonly project: string
  /** The folder for its data: `.tricube`. */
  readonly folder: string
  /** The first port to try; 0 lets the system choose. */
  readonly port: number
  /** Ports that services are going to use. */
  readonly reservedPorts?: ReadonlySet<number>
  /** The names of hosts besides those of this machine, for port forwarding. */
  readonly hosts?: readonly string[]
  /** The token, if it is not to be made. */
  readonly token?: string | undefined
  /** Why no traces come; undefined when they do. */
  readonly tracesOff?: string | undefined
  readonly services: () => readonly ManagedService[]
  /** Returns the token of a user, for requests that are tried; undefined when no issuer of dev runs. */
  readonly tokenOf?: (user: SentUser) => Promise<string | undefined>
  /** The databases of the services. Default: none. */
  readonly databases?: () => Promise<readonly DashboardDatabase[]>
  /** Set for a dashboard without `tricube dev`. With a port, it listens there for OTLP and Zipkin; 0 lets the system choose. */
  readonly alone?: { readonly otlpPort?: number }
  /** Called with a problem that the dashboard lives on with. */
  readonly onProblem: (message: string) => void
}
