import { group, integer, listOf, oneOf } from '../../config/rules.ts'
import type { CompressOptions } from '../../http/compress.ts'
import type { Part } from '../part.ts'

/** The option of compressed responses. */
export interface CompressionOptions {
  /** Compresses responses for callers that accept it: `{}` for the defaults. Default: never. */
  readonly compress?: CompressOptions
}

/** Compresses responses. */
export const compression: Part<CompressionOptions> = {
  name: 'compression',
  options: {
    compress: group<CompressOptions>({
      minBytes: integer({ unit: 'bytes' }),
      encodings: listOf(oneOf(['br', 'gzip']), 'a list of br and gzip'),
    }),
  },
  async open({ fastify }, { compress }) {
    if (!compress) return {}
    const { addCompression } = await import('../../http/compress.ts')
    addCompression(fastify, compress)
    return {}
  },
}
