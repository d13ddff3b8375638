/** What becomes of streams and of the routes of one's own when a service stops. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setInterval as every } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { contract, service, t, type Service, type ServiceOptions } from 'tricube'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { built } from '../built.ts'
import { tricube } from '../cli/run.ts'

const pollContract = contract('poll-service', { poll: { route: 'GET /poll', returns: t.String() } })
type Options = Partial<ServiceOptions<(typeof pollContract)['operations'], {}>>

beforeEach(() => void vi.stubEnv('LOG_LEVEL', 'silent'))
afterEach(() => void vi.unstubAllEnvs())

async function start(
  routes: (fastify: FastifyInstance) => void,
  options: Options = {},
): Promise<{ app: Service<typeof pollContract>; url: string }> {
  const app = service(pollContract, {
    handlers: { poll: () => 'now' },
    hooks: { beforeStart: ({ fastify }) => routes(fastify) },
    ...options,
  })
  const { url } = await app.listen()
  onTestFinished(() => app.close().catch(() => {}))
  return { app, url }
}

/** Reads a stream to its end, from its first piece on. */
async function open(url: string): Promise<{ text: Promise<string> }> {
  const { body } = await fetch(url)
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = (await reader.read()).value ?? ''
  const rest = async (): Promise<string> => {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return text
      text += value
    }
  }
  return { text: rest() }
}

const eventStream = { 'content-type': 'text/event-stream' }

describe('a stream of server-sent events ends when the service stops', () => {
  it.each<[string, (fastify: FastifyInstance) => void]>([
    [
      'that goes on writing to the raw response',
      (fastify) =>
        fastify.get('/events', (_request, reply) => {
          reply.hijack()
          reply.raw.writeHead(200, eventStream)
          reply.raw.write('data: first\n\n')
          const timer = setInterval(() => reply.raw.write('data: more\n\n'), 5)
          reply.raw.on('close', () => clearInterval(timer))
        }),
    ],
    [
      'with headers that were set before',
      (fastify) =>
        fastify.get('/events', (_request, reply) => {
          reply.hijack()
          reply.raw.setHeader('Content-Type', 'text/event-stream; charset=utf-8')
          reply.raw.write('data: first\n\n')
        }),
    ],
    [
      'that is sent from a stream',
      (fastify) =>
        fastify.get('/events', (_request, reply) => {
          const source = Readable.from(
            (async function* () {
              yield 'data: first\n\n'
              for await (const text of every(5, 'data: more\n\n')) yield text
            })(),
          )
          return reply.headers(eventStream).send(source)
        }),
    ],
  ])('%s', async (_how, routes) => {
    const { app, url } = await start(routes)
    const streams = await Promise.all([open(`${url}/events`), open(`${url}/events`)])
    const began = performance.now()
    await app.close()
    expect(performance.now() - began).toBeLessThan(5000)
    for (const { text } of streams) expect(await text).toMatch(/^data: first\n\n/)
  })

  it('even if it starts while the service stops', async () => {
    let begin: (() => void) | undefined
    const { app, url } = await start((fastify) =>
      fastify.get('/events', (_request, reply) => {
        reply.hijack()
        begin = () => {
          reply.raw.writeHead(200, eventStream)
          reply.raw.write('data: first\n\n')
        }
      }),
    )
    const stream = open(`${url}/events`)
    await expect.poll(() => begin).toBeDefined()
    const closed = app.close()
    await new Promise(setImmediate)
    begin!()
    await closed
    expect(await (await stream).text).toBe('data: first\n\n')
  })
})

describe('the signal `draining`', () => {
  it('lets a route end an endless response', async () => {
    const { app, url } = await start((fastify) =>
      fastify.get('/feed', (request, reply) => {
        async function* lines(): AsyncGenerator<string> {
          yield 'first\n'
          while (!request.draining.aborted) await new Promise((resolve) => setImmediate(resolve))
          yield 'last\n'
        }
        return reply.type('application/x-ndjson').send(Readable.from(lines()))
      }),
    )
    const { text } = await open(`${url}/feed`)
    await app.close()
    expect(await text).toBe('first\nlast\n')
  })

  it('is on operations and hooks, and aborts once when the stop starts', async () => {
    const seen: string[] = []
    let polls = 0
    const { app, url } = await start(() => {}, {
      hooks: {
        beforeStart({ draining }) {
          draining.addEventListener('abort', () => seen.push('hook'))
        },
        beforeStop: ({ draining }) => void seen.push(`beforeStop ${draining.aborted}`),
        afterStop: ({ draining }) => void seen.push(`afterStop ${draining.aborted}`),
      },
      handlers: {
        poll: ({ request, signal }) =>
          new Promise((resolve) => {
            polls++
            request.draining.addEventListener('abort', () => resolve(`again later, aborted: ${signal.aborted}`))
          }),
      },
    })
    const response = fetch(`${url}/poll`).then((response) => response.json())
    await expect.poll(() => polls).toBe(1)
    expect(seen).toEqual([])
    await app.close()
    expect(await response).toMatchObject({ data: 'again later, aborted: false' })
    expect(seen.toSorted()).toEqual(['afterStop true', 'beforeStop false', 'hook'])
  })
})

it('a stream that does not end is named by its route', async () => {
  const { app, url } = await start(
    (fastify) => {
      fastify.get('/feeds/:token', (_request, reply) => {
        reply.hijack()
        reply.raw.writeHead(200, { 'content-type': 'text/plain' })
        reply.raw.write('first')
      })
      fastify.post('/uploads', (_request, reply) => void reply.hijack())
    },
    { drain: { timeoutMs: 100 } },
  )
  const { text } = await open(`${url}/feeds/s3cr3t`)
  const upload = fetch(`${url}/uploads`, { method: 'POST' }).catch(() => {})
  const lost = text.catch(() => {})
  await expect
    .poll(async () => (await (await fetch(`${url}/metrics`)).text()).match(/active_requests (\d)/)?.[1])
    .toBe('3')
  const error = await app.close().catch((error: Error) => error.message)
  expect(error).toMatch(
    /^poll-service: still in flight after 0\.1 s: GET \/feeds\/:token [\d.]+ s; POST \/uploads [\d.]+ s$/,
  )
  await Promise.all([lost, upload])
})

it('Ctrl-C ends a process with an open event stream quickly, with exit code 0', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tricube-streams-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const index = built('index.js').href
  await writeFile(
    join(folder, 'service.mjs'),
    `import { contract, service, t } from ${JSON.stringify(index)}
     export default service(contract('events', { a: { route: 'GET /a', returns: t.String() } }), {
       handlers: { a: () => '' },
       hooks: {
         beforeStart({ fastify }) {
           fastify.get('/events', (request, reply) => {
             reply.hijack()
             reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
             setInterval(() => reply.raw.write('data: x\\n\\n'), 10)
           })
         },
       },
     })`,
  )
  const run = tricube(['start', join(folder, 'service.mjs'), '--port', '0'], {
    env: { LOG_FORMAT: 'json', LOG_LEVEL: 'info' },
  })
  await run.printed(/listening on (\S+?)"/)
  const url = /listening on (\S+?)"/.exec(run.output())![1]!
  const { text } = await open(`${url}/events`)
  const began = performance.now()
  run.signal('SIGINT')
  expect((await run.ended).code).toBe(0)
  expect(performance.now() - began).toBeLessThan(10_000)
  expect(await text).toMatch(/data: x/)
})
