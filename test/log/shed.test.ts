/** A plugin that does not let a request run is no fault: its 503 is a line without a stack. */
import type { FastifyInstance } from 'fastify'
import { expect, it } from 'vitest'
import { logging, quiet } from './logFile.ts'

const failing = (statusCode: number | undefined, retryAfter?: string): ((fastify: FastifyInstance) => void) => {
  return (fastify) =>
    void fastify.addHook('preHandler', async (_request, reply) => {
      if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
      throw Object.assign(new Error('too busy'), { statusCode })
    })
}

async function loggedBy(prepare: (fastify: FastifyInstance) => unknown): Promise<[number, Record<string, unknown>]> {
  const { app, lines } = await logging(quiet, {
    handlers: { say: () => null },
    hooks: { beforeStart: async ({ fastify }) => void (await prepare(fastify)) },
  })
  let statusCode = 200
  await expect.poll(async () => (statusCode = (await app.inject('/say/it')).statusCode)).not.toBe(200)
  return [statusCode, (await lines()).find(({ msg }) => msg === 'failed')!]
}

it('of @fastify/under-pressure', async () => {
  const { default: underPressure } = await import('@fastify/under-pressure')
  const [status, line] = await loggedBy((fastify) =>
    fastify.register(underPressure as never, { maxHeapUsedBytes: 1, sampleInterval: 1, message: 'too busy' }),
  )
  expect([status, line]).toMatchObject([503, { level: 'warn', cause: 'too busy', operation: 'say' }])
  expect(line).not.toHaveProperty('err')
})

it('of a hook that throws an error with the status, and says when to come again', async () => {
  const [status, line] = await loggedBy(failing(503, '1'))
  expect([status, line]).toMatchObject([503, { level: 'warn', cause: 'too busy' }])
  expect(JSON.stringify(line)).not.toContain('shed.test.ts')
})

it.each([500, undefined, 502, 503])('but not an error from elsewhere that has the status %s', async (statusCode) => {
  const [status, line] = await loggedBy(failing(statusCode))
  expect([status, line]).toMatchObject([500, { level: 'error', err: { message: 'too busy' } }])
  expect(JSON.stringify(line['err'])).toContain('shed.test.ts')
})
