import { flag, group, listOf, text, integer } from '../../config/rules.ts'
import type { Contract } from '../../contract/contract.ts'
import { fileTypeOf } from '../../contract/file.ts'
import type { Operation } from '../../contract/operation.ts'
import { addCors, compileAllowOrigin, isOrigin, type AllowOrigin, type CorsOptions } from '../../http/cors.ts'
import type { Opened, Part } from '../part.ts'
import { rateLimitHeaders } from './rateLimits/headers.ts'

/** Lets web pages of other origins call a service. */
export interface Cors extends Opened {
  /** Lets a page read a response; undefined when no page may. */
  readonly allowOrigin: AllowOrigin | undefined
}

/** The options that CORS reads. */
export interface CorsPartOptions {
  /** Which web pages of other origins may call it. Default: none. */
  readonly cors?: CorsOptions
}

const header = text('the name of a header', /^[\w-]+$/)

/** Responds to preflights, and lets the named origins read responses. */
export const cors: Part<CorsPartOptions, {}, Cors> = {
  name: 'cors',
  options: {
    cors: group<CorsOptions>({
      origins: {
        ...listOf(text('an origin'), 'a list of origins like https://app.example.com'),
        problem(origins: readonly string[] | undefined, path) {
          const wrong = origins?.find((origin) => !isOrigin(origin))
          return wrong === undefined ? undefined : `${path}: "${wrong}" is not an origin like https://app.example.com`
        },
      },
      credentials: flag,
      exposedHeaders: listOf(header, 'a list of header names'),
      maxAgeSeconds: integer({ unit: 's' }),
    }),
  },
  open({ contract, fastify }, options) {
    if (!options.cors) return { allowOrigin: undefined }
    const cors = withDefaultHeaders(options.cors, contract)
    addCors(fastify, cors)
    return { allowOrigin: compileAllowOrigin(cors) }
  },
}

/** Lets pages read when they may retry, and the headers that the contract names. */
function withDefaultHeaders(options: CorsOptions, { operations }: Contract): CorsOptions {
  const named = Object.values(operations).flatMap(headersOf)
  return { ...options, exposedHeaders: [...new Set(['retry-after', ...named, ...(options.exposedHeaders ?? [])])] }
}

function headersOf({ rateLimit, responseHeaders = {}, etag, returns, deprecated }: Operation): readonly string[] {
  return [
    ...(rateLimit ? rateLimitHeaders : []),
    ...Object.keys(responseHeaders),
    ...(etag ? ['etag'] : []),
    ...(fileTypeOf(returns) === undefined ? [] : fileHeaders),
    ...(typeof deprecated === 'object' ? ['deprecation', 'sunset', 'link'] : []),
  ]
}

const fileHeaders: readonly string[] = ['etag', 'content-disposition', 'accept-ranges', 'content-range']
