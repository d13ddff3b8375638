import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { BadRequest, Conflict } from '../../../contract/errors.ts'
import type { Operation } from '../../../contract/operation.ts'
import { compileEncoder } from '../../../http/operation/encoder.ts'
import { equalJitter } from '../../../time/backoff.ts'
import { systemClock } from '../../../time/clock.ts'
import type { KeyedHandler, KeyedScope } from './handler.ts'
import { failureFrom, otherInput } from './failure.ts'
import { deleteExpired, find, take, type KeyedCall } from './keys.ts'
import { digestOf } from './scope.ts'
import { Attempt } from './attempt.ts'

/** Expired keys are deleted once in this many calls. */
const callsPerSweep = 1000

/**
 * Runs a handler once for each `idempotency-key` of a caller. A second call gets the first one's result.
 *
 * The key is taken by one statement, so that the handler holds no connection for it. The handler's last writes through
 * `db` are committed with its result. While it runs, a second call waits. A 4xx that it throws is stored like a result.
 * After another error, or when its process dies, the key is free. Calls without a key run as always.
 *
 * Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
export function oncePerKey(
  title: string,
  operation: Operation,
  handler: KeyedHandler,
  scopeOf: (request: FastifyRequest) => string,
): KeyedHandler {
  const encode = compileEncoder(operation, 'plain')
  let calls = 0
  return async (context) => {
    const { request, params, query, body } = context
    const key = request.headers['idempotency-key']
    if (key === undefined) return handler(context)
    if (typeof key !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(key)) {
      throw new BadRequest('headers.idempotency-key must have 1 to 255 printable ASCII characters')
    }
    const call = { operation: title, scope: scopeOf(request), key, input: digestOf([params, query, body]) }
    const token = randomUUID()
    const result = await resultOrTake(call, token, context)
    if (result !== undefined) return JSON.parse(result) as unknown
    if (calls++ % callsPerSweep === 0) await deleteExpired(context.db)
    return new Attempt(call, token, context).run(handler, (value) => encode(value, query))
  }
}

/** Returns the first call's result as JSON; undefined when this is the first call, which now holds the key. */
async function resultOrTake(call: KeyedCall, token: string, context: KeyedScope): Promise<string | undefined> {
  const { db } = context
  const deadlineAt = performance.now() + maxWaitMs
  if (await take(db, call, token)) return undefined
  for (let round = 0; ; round++) {
    const taken = await find(db, call)
    if ((!taken || taken.isFree) && (await take(db, call, token))) return undefined
    if (taken && !taken.isFree && taken.input !== call.input) {
      throw otherInput()
    }
    if (taken && !taken.isFree && taken.result !== null) return taken.result
    if (taken && !taken.isFree && taken.failure !== null) throw failureFrom(taken.failure)
    if (performance.now() > deadlineAt) {
      throw new Conflict('a call with this idempotency-key still runs', { headers: { 'retry-after': '1' } })
    }
    await systemClock.wait(pauseMs(round + 1))
    if (context.cancellation.isOver) throw context.cancellation.reason!
  }
}

/** As long as a statement may take: a call that waits longer waits for one that hangs. */
const maxWaitMs = 30_000

/** All calls with the same key wait for one result. */
const pauseMs = equalJitter({ baseMs: 10, capMs: 250 })
