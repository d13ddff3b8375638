import { flag } from '../../config/rules.ts'
import { registerDocs } from '../../http/docs/docs.ts'
import type { Part } from '../part.ts'
import { admin } from './admin.ts'

/** What a service says of its documentation. */
export interface DocsOptions {
  /** Whether `/docs` and `/openapi/spec.json` are answered. Default: true. */
  readonly docs?: boolean
  readonly edge?: boolean
}

/**
 * Answers `GET /openapi/spec.json` and, at `GET /docs`, the page that shows it. What strangers see leaves out the operations
 * that are `internal`.
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
