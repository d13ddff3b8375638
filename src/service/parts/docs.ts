import { flag } from '../../config/rules.ts'
import { registerDocs } from '../../http/docs/docs.ts'
import type { Part } from '../part.ts'
import { admin } from './admin.ts'

/** Options of the documentation. */
export interface DocsOptions {
  /** Whether to serve `/docs` and `/openapi/spec.json`. Default: true. */
  readonly docs?: boolean
  readonly edge?: boolean
}

/**
 * Serves `GET /openapi/spec.json`, and at `GET /docs` the page that shows it. Callers from outside do not see
 * `internal` operations.
 */
export const docs: Part<DocsOptions> = {
  name: 'docs',
  options: { docs: flag, edge: flag },
  async open({ contract, use }, { docs: isOn = true, edge = false }) {
    const { fastify, isSeparate } = await use(admin)
    if (isOn) registerDocs(fastify, contract, { audience: edge && !isSeparate ? 'public' : 'internal' })
    return {}
  },
}
