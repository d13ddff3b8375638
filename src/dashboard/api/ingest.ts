import type { IncomingMessage } from 'node:http'
import { otlpLines, otlpSpans, type OtlpLogs, type OtlpTraces } from '../ingest/otlp.ts'
import { decodeOtlp } from '../ingest/protobuf.ts'
import { zipkinSpans } from '../ingest/zipkin.ts'
import { BodyError, readBody, readJson } from '../server/body.ts'
import { isEqual } from '../server/guard.ts'
import { send, sendError } from '../server/respond.ts'
import type { Route } from '../server/router.ts'
import type { Store } from '../store/store.ts'

/** Takes traces and logs of other programs, as OTLP over HTTP. Only who knows the key can send some. */
export function ingestRoutes(store: Store, key: string): Route[] {
  return otlpRoutes(store, '/otlp/:key').map((route) => ({
    ...route,
    handle(request) {
      if (!isEqual(request.params['key']!, key)) return sendError(request.response, 404, 'there is no such page')
      return route.handle(request)
    },
  }))
}

/** Takes traces and logs on a port of their own, at the usual paths: those of OTLP, and that of Zipkin. */
export function openIngestRoutes(store: Store): Route[] {
  return [
    ...otlpRoutes(store, ''),
    {
      method: 'POST',
      path: '/api/v2/spans',
      for: 'program',
      async handle({ request, response }) {
        store.addSpans(zipkinSpans(await readJson(request)))
        send(response, 202, json, '')
      },
    },
  ]
}

function otlpRoutes(store: Store, prefix: string): Route[] {
  const route = (kind: 'traces' | 'logs', add: (body: unknown) => void): Route => ({
    method: 'POST',
    path: `${prefix}/v1/${kind}`,
    for: 'program',
    async handle({ request, response }) {
      const type = mediaType(request)
      add(await readOtlp(request, type, kind))
      send(response, 200, type, type === json ? '{}' : '')
    },
  })
  return [
    route('traces', (body) => store.addSpans(otlpSpans(body as OtlpTraces))),
    route('logs', (body) => otlpLines(body as OtlpLogs, Date.now()).forEach((line) => store.addLine(line))),
  ]
}

const json = 'application/json'

function mediaType({ headers }: IncomingMessage): string {
  const type = (headers['content-type'] ?? '').split(';')[0]!.trim()
  if (type === json || type === 'application/x-protobuf') return type
  throw new BodyError(415, 'content-type must be application/json or application/x-protobuf')
}

async function readOtlp(request: IncomingMessage, type: string, kind: 'traces' | 'logs'): Promise<unknown> {
  const body = await readBody(request)
  try {
    return type === json ? JSON.parse(body.toString()) : decodeOtlp(body, kind)
  } catch {
    throw new BodyError(400, `the body is no OTLP for ${kind}`)
  }
}
