import { registerDocs } from '../../http/docs/docs.ts'
import type { Part } from '../part.ts'

/** Answers `GET /openapi/spec.json` and, at `GET /docs`, the page that shows it. */
export const docs: Part = {
  name: 'docs',
  open({ contract, fastify }) {
    registerDocs(fastify, contract)
    return {}
  },
}
