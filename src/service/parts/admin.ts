import type { FastifyInstance } from 'fastify'
import { integer } from '../../config/rules.ts'
import { setting } from '../../config/setting.ts'
import { createAdminServer } from '../../http/adminServer.ts'
import { listenSettings, type ListenConfig } from '../lifecycle/listen.ts'
import type { Opened, Part } from '../part.ts'

/** Configuration of the admin port. */
export interface AdminConfig extends Pick<ListenConfig, 'host'> {
  /** A separate port for docs, metrics and health details (`TRICUBE_ADMIN_PORT`). Default: the service's port. */
  readonly adminPort: number | undefined
}

/** The routes for operators: docs, metrics and health details. */
export interface Admin extends Opened {
  /** The server of these routes: the service's own when there is no admin port. */
  readonly fastify: FastifyInstance
  /** Whether callers of the service cannot reach it. */
  readonly isSeparate: boolean
}

/** Serves docs, metrics and health details on a separate port, which the internet does not reach. */
export const admin: Part<{}, AdminConfig, Admin> = {
  name: 'admin',
  settings: {
    adminPort: setting<number | undefined>(integer({ min: 1, max: 65_535 }), {
      variable: 'TRICUBE_ADMIN_PORT',
      meaning: 'A separate port for docs, metrics and health details, on the same address.',
      value: undefined,
      fallback: "the service's own port",
    }),
    host: listenSettings.host,
  },
  open({ config: { adminPort: port, host }, fastify, log, whenListening }) {
    if (port === undefined) return { fastify, isSeparate: false }
    const server = createAdminServer(log)
    whenListening(async () => {
      await server.listen({
        host: host.startsWith('unix:') ? listenSettings.host.value : host,
        port,
        listenTextResolver: (address) => `admin port at ${address}`,
      })
      log.info({ adminPort: port }, 'docs, metrics and health details are at the admin port')
    })
    return { fastify: server, isSeparate: true, close: () => server.close() }
  },
}
