import fc from 'fast-check'
import { HttpError } from 'tricube'
import { expect, it } from 'vitest'
import { ResponseParser } from '../../../src/client/lanes/responseParser.ts'
import { echoClient, rawCallee, warmUp, type RawRequest } from './laneCallee.ts'

// The published package runs fewer: the code is the same.
const seeds = process.env['TRICUBE_TEST_PACKAGE'] ? 200 : 1000
const callsOfSeed = 8

/** How a callee treats one request of a lane. */
const treatment = fc.record({
  kind: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom('good', 'good', 'chunked', 'interim', '404', '204', '304') },
    { weight: 1, arbitrary: fc.constantFrom('reset', 'half close', 'close') },
  ),
  waits: fc.nat({ max: 3 }),
  cutAt: fc.nat({ max: 200 }),
})
const abortAfter = fc.option(fc.nat({ max: 4 }), { freq: 6, nil: undefined })
const script = fc.array(fc.tuple(treatment, abortAfter), { minLength: callsOfSeed, maxLength: callsOfSeed })

it(`over ${seeds} random interleavings of responses, aborts, resets and half-closes, no call gets another's response`, async () => {
  const treatments = new Map<number, { kind: string; waits: number; cutAt: number }>()
  const callee = await rawCallee((request) => {
    const how = request.sequence === undefined ? undefined : treatments.get(request.id)
    treatments.delete(request.id) // a retry gets a good response
    if (how) void respond(request, how)
    else request.respond()
  })
  await using caller = echoClient(callee.address, { retries: 4 })
  await warmUp(caller, callee)
  const outcomes = { resolved: 0, failed: 0, aborted: 0 }
  let next = 1000

  const run = async (plan: [{ kind: string; waits: number; cutAt: number }, number | undefined][]): Promise<void> => {
    await warmUp(caller, callee, 1)
    const calls = plan.map(async ([how, turns]) => {
      const id = (next += 1)
      treatments.set(id, how)
      const controller = new AbortController()
      const call = caller.echo({ params: { id } }, { signal: controller.signal })
      if (turns !== undefined) void turnsOf(turns).then(() => controller.abort(new Error('cancelled')))
      try {
        expect(await call).toEqual({ id })
        outcomes.resolved += 1
      } catch (error) {
        if ((error as Error).message === 'cancelled') outcomes.aborted += 1
        else if (error instanceof HttpError && [404, 502].includes(error.status)) {
          expect(error.error).toMatch(
            error.status === 404 ? new RegExp(`^none of ${id}$`) : /^echo-service responded with/,
          )
          outcomes.failed += 1
        } else throw error
      }
    })
    await Promise.all(calls)
  }
  await fc.assert(fc.asyncProperty(script, run), { numRuns: seeds, endOnFailure: true })
  expect(callee.onLanes.length).toBeGreaterThan((seeds * callsOfSeed) / 4)
  for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(seeds / 10)
}, 120_000)

async function respond(request: RawRequest, { kind, waits, cutAt }: { kind: string; waits: number; cutAt: number }) {
  await turnsOf(waits)
  const { socket, laneHeaders, id } = request
  const ok = `{"code":0,"data":{"id":${id}}}`
  const none = `{"code":40400,"message":"Not Found","error":"none of ${id}"}`
  const sized = (status: string, body: string, more = '') =>
    `HTTP/1.1 ${status}\r\n${laneHeaders}${more}content-length: ${body.length}\r\n\r\n${body}`
  const cut = cutAt % ok.length
  const chunk = (text: string) => (text === '' ? '' : `${text.length.toString(16)}\r\n${text}\r\n`)
  switch (kind) {
    case 'chunked':
      return request.respond(
        `HTTP/1.1 200 OK\r\n${laneHeaders}transfer-encoding: chunked\r\n\r\n${chunk(ok.slice(0, cut))}${chunk(ok.slice(cut))}0\r\nx-end: 1\r\n\r\n`,
      )
    case 'interim':
      return request.respond(
        `HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n${sized('200 OK', ok)}`,
      )
    case '404':
      return request.respond(sized('404 Not Found', none))
    case '204':
      return request.respond(`HTTP/1.1 204 No Content\r\n${laneHeaders}\r\n`)
    case '304':
      return request.respond(`HTTP/1.1 304 Not Modified\r\n${laneHeaders}content-length: 500\r\n\r\n`)
    case 'reset':
      return void socket.resetAndDestroy()
    case 'half close':
      request.respond(sized('200 OK', ok).slice(0, cutAt))
      return void socket.end()
    case 'close':
      return request.respond(sized('200 OK', ok, 'connection: close\r\n'))
    default:
      return request.respond(sized('200 OK', ok))
  }
}

async function turnsOf(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
}

/** Parses bytes in pieces. */
function parsed(bytes: Buffer, cuts: readonly number[], methods: readonly string[]) {
  const responses: { status: number; headers: object; body: string }[] = []
  const parser = new ResponseParser({
    get awaited() {
      const method = methods[responses.length]
      return method === undefined ? undefined : { method }
    },
    received: (head, body) => void responses.push({ status: head.status, headers: head.headers, body }),
    accepts: (length) => length <= 100_000,
  })
  let problem: string | undefined
  let from = 0
  for (const cut of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
    const to = Math.min(Math.max(cut, from), bytes.length)
    if (to > from) problem ??= parser.read(bytes.subarray(from, to))
    from = to
    if (problem !== undefined) break
  }
  return { responses, problem }
}

const token = fc.stringMatching(/^x-[a-z0-9!#$%&'*+.^_`|~-]{1,12}$/)
const value = fc.stringMatching(/^[!-~\u00a0-\u00ff](?:[ -~\u00a0-\u00ff]{0,20}[!-~\u00a0-\u00ff])?$/)
const response = fc.record({
  method: fc.constantFrom('GET', 'GET', 'HEAD'),
  status: fc.constantFrom(200, 201, 204, 304, 404, 503),
  headers: fc.uniqueArray(fc.tuple(token, value), { selector: ([name]) => name, maxLength: 5 }),
  chunks: fc.option(fc.array(fc.string({ minLength: 1, unit: 'grapheme' }), { maxLength: 4 }), { nil: undefined }),
  text: fc.string({ unit: 'grapheme', maxLength: 60 }),
})
const hasBody = ({ method, status }: { method: string; status: number }) =>
  method !== 'HEAD' && status !== 204 && status !== 304

it('the parser reads every well-formed response, in any pieces', () => {
  const cuts = fc.array(fc.nat({ max: 2000 }), { maxLength: 20 })
  fc.assert(
    fc.property(fc.array(response, { minLength: 1, maxLength: 5 }), cuts, (sent, at) => {
      const bytes = Buffer.concat(sent.map(bytesOf))
      const { responses, problem } = parsed(
        bytes,
        at,
        sent.map(({ method }) => method),
      )
      expect(problem).toBeUndefined()
      expect(responses.map(({ status, body }) => ({ status, body }))).toEqual(
        sent.map((one) => ({ status: one.status, body: hasBody(one) ? (one.chunks?.join('') ?? one.text) : '' })),
      )
      for (const [i, { headers }] of sent.entries())
        expect(responses[i]!.headers).toMatchObject(Object.fromEntries(headers))
    }),
    { numRuns: 2000 },
  )
})

type GeneratedResponse = typeof response extends fc.Arbitrary<infer T> ? T : never
function bytesOf(one: GeneratedResponse): Buffer {
  const lines = one.headers.map(([name, text]) => `${name}: ${text}\r\n`).join('')
  const start = `HTTP/1.1 ${one.status} Some reason\r\n${lines}`
  if (one.status === 204) return Buffer.from(`${start}\r\n`, 'latin1')
  if (!one.chunks) {
    const body = Buffer.from(one.text)
    const head = Buffer.from(`${start}Content-Length: ${body.length}\r\n\r\n`, 'latin1')
    return hasBody(one) ? Buffer.concat([head, body]) : head
  }
  const head = Buffer.from(`${start}Transfer-Encoding: chunked\r\n\r\n`, 'latin1')
  if (!hasBody(one)) return head
  const parts = one.chunks.flatMap((text) => {
    const bytes = Buffer.from(text)
    return [Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]
  })
  return Buffer.concat([head, ...parts, Buffer.from('0\r\n\r\n')])
}

// Responses that llhttp and proxies have misread, as seeds of the fuzzer.
const corpus = [
  'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
  'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0x2\r\nok\r\n0\r\n\r\n',
  'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2 \r\nok\r\n0\r\n\r\n',
  'HTTP/1.1 200 OK\r\ntransfer-encoding: \x0bchunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  'HTTP/1.1 200 OK\ncontent-length: 2\n\nok',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
  'HTTP/1.1 200 OK\r\ncontent-length: 0\r\ncontent-length: 0\r\n\r\n',
  'HTTP/1.1 200 OK\r\n content-length: 2\r\n\r\nok',
  'HTTP/1.1 200\r\ncontent-length: 99999999999999999999\r\n\r\n',
]

it('the parser reads the same from the same bytes, in any pieces', () => {
  const until = performance.now() + Number(process.env['TRICUBE_TEST_FUZZ_MS'] ?? 3000)
  const mutation = fc.record({
    seed: fc.constantFrom(...corpus),
    behind: fc.constantFrom('', ...corpus),
    edits: fc.array(fc.tuple(fc.nat({ max: 120 }), fc.nat({ max: 255 }), fc.constantFrom('put', 'insert', 'delete')), {
      maxLength: 3,
    }),
    cuts: fc.array(fc.nat({ max: 160 }), { maxLength: 6 }),
  })
  let runs = 0
  fc.assert(
    fc.property(mutation, ({ seed, behind, edits, cuts }) => {
      runs += 1
      const bytes = Array.from(Buffer.from(seed + behind, 'latin1'))
      for (const [at, byte, how] of edits) {
        if (how === 'put') bytes[at % bytes.length] = byte
        else bytes.splice(at % bytes.length, how === 'delete' ? 1 : 0, ...(how === 'insert' ? [byte] : []))
      }
      const methods = ['GET', 'GET']
      const atOnce = parsed(Buffer.from(bytes), [], methods)
      const inPieces = parsed(Buffer.from(bytes), cuts, methods)
      expect(inPieces).toEqual(atOnce)
      for (const { body } of atOnce.responses) expect(body.length).toBeLessThanOrEqual(bytes.length)
    }),
    { numRuns: 1_000_000, interruptAfterTimeLimit: until - performance.now(), markInterruptAsFailure: false },
  )
  expect(runs).toBeGreaterThan(1000)
}, 900_000)
