/** How a service stops: what its callers see, and what becomes of what does not end. */
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contract, service, t, type Service, type ServiceOptions } from 'tricube'
import { client } from 'tricube/client'
import { staticRegistry } from 'tricube/discovery'
import { fakeConsul } from 'tricube/testing'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'

const workContract = contract('work-service', {
  ping: { route: 'GET /ping', returns: t.Boolean() },
  work: { route: 'POST /work', body: t.Object({ n: t.Integer() }), returns: t.Integer() },
  wait: { route: 'GET /wait', returns: t.Boolean() },
})

type Options = Partial<ServiceOptions<(typeof workContract)['operations'], {}>>

/** Holds up what waits for it, until it is opened. */
class Gate {
  readonly opened: Promise<void>
  open!: () => void
  constructor() {
    this.opened = new Promise((resolve) => (this.open = resolve))
  }
}

let gate: Gate
let waiting: Promise<void>
let waits: () => void
let waitingCount: number
let signal: AbortSignal | undefined

beforeEach(() => {
  vi.stubEnv('LOG_LEVEL', 'silent')
  gate = new Gate()
  waitingCount = 0
  waiting = new Promise((resolve) => (waits = resolve))
})
afterEach(() => {
  vi.unstubAllEnvs()
})

function worker(options: Options = {}): Service<typeof workContract> {
  const app = service(workContract, {
    admission: false, // however busy the machine is
    ...options,
    handlers: {
      ping: () => true,
      work: ({ body }) => body.n,
      async wait(context) {
        signal = context.signal
        waitingCount++
        waits()
        await gate.opened
        return true
      },
    },
  })
  onTestFinished(async () => {
    gate.open()
    await app.close().catch(() => {})
  })
  return app
}

interface Received {
  readonly status: number
  readonly connection: string | undefined
  readonly body: string
}

/** Sends a request on a connection that is kept, if the response allows it. */
function ask(agent: Agent, url: string, body?: string): Promise<Received> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const outgoing = request(url, { agent, ...(body !== undefined && { method: 'POST', headers }) }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode!, connection: response.headers.connection, body: text }),
      )
      response.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

function keepAlive(): Agent {
  const agent = new Agent({ keepAlive: true })
  onTestFinished(() => agent.destroy())
  return agent
}

describe('a service that stops', () => {
  it('still responds, is not ready, and closes each connection with the response', async () => {
    const before = new Gate()
    const app = worker({ hooks: { beforeStop: () => before.opened } })
    const { url } = await app.listen()
    const agent = keepAlive()
    expect(await ask(agent, `${url}/ping`)).toMatchObject({ status: 200, connection: 'keep-alive' })
    const early = ask(agent, `${url}/wait`)
    await waiting

    const closed = app.close()
    await vi.waitFor(async () => expect((await ask(agent, `${url}/ping`)).connection).toBe('close'))
    expect(await ask(agent, `${url}/ping`)).toMatchObject({ status: 200, connection: 'close' })
    expect(await ask(agent, `${url}/nowhere`)).toMatchObject({ status: 404, connection: 'close' })
    expect(await ask(agent, `${url}/%`)).toMatchObject({ status: 400, connection: 'close' })
    const ready = await ask(agent, `${url}/health/ready`)
    expect(ready).toMatchObject({
      status: 503,
      connection: 'close',
      body: expect.stringMatching(/^{"status":"stopping"/),
    })
    expect(await ask(agent, `${url}/health/live`)).toMatchObject({ status: 200, connection: 'close' })
    gate.open()
    expect(await early).toMatchObject({ status: 200, connection: 'close' })

    before.open()
    await closed
    await expect(ask(agent, `${url}/ping`)).rejects.toThrow('ECONNREFUSED')
  })

  it('keeps connections for `preStopDelayMs`, and is not ready at once', async () => {
    vi.stubEnv('TRICUBE_PRE_STOP_DELAY_MS', '200')
    const before = new Gate()
    const app = worker({ hooks: { beforeStop: () => before.opened }, drain: { preStopDelayMs: 3_600_000 } })
    const { url } = await app.listen()
    const agent = keepAlive()
    const closed = app.close()
    const responses: Received[] = []
    await vi.waitFor(async () => {
      responses.push(await ask(agent, `${url}/health/ready`))
      expect(responses.at(-1)!.connection).toBe('close')
    })
    expect(responses[0]).toMatchObject({ status: 503, connection: 'keep-alive' })
    before.open()
    await closed
  })

  it('deregisters while it still responds', async () => {
    await using consul = await fakeConsul()
    vi.stubEnv('CONSUL_HTTP_ADDR', consul.url)
    const before = new Gate()
    const app = worker({ hooks: { beforeStop: () => before.opened } })
    const { url } = await app.listen()
    const known = async (): Promise<unknown> => (await fetch(`${consul.url}/v1/health/service/work-service`)).json()
    expect(await known()).toHaveLength(1)
    const closed = app.close()
    await vi.waitFor(async () => expect(await known()).toHaveLength(0))
    expect((await fetch(`${url}/ping`)).status).toBe(200)
    before.open()
    await closed
  })

  it('fails no request of callers that keep connections busy and follow connection: close', async () => {
    const callers = 20
    const left = new Gate()
    const stopping = worker({ hooks: { beforeStop: () => left.opened } })
    const urls = [(await stopping.listen()).url, (await worker().listen()).url] as const
    const agent = keepAlive()
    let answered = 0
    let told = 0
    let isOver = false
    const call = async (): Promise<void> => {
      for (let url = urls[0]; !isOver; answered++) {
        const { status, connection } = await ask(agent, `${url}/work`, '{"n":1}')
        expect(status).toBe(200)
        if (connection !== 'close') continue
        url = urls[1]
        if (++told === callers) left.open()
      }
    }
    const called = Promise.all(Array.from({ length: callers }, call))
    await vi.waitFor(() => expect(answered).toBeGreaterThan(100), 10_000)
    await Promise.all([stopping.close().then(() => (isOver = true)), called])
    expect(told).toBe(callers)
  })

  it('loses tricube clients at once, even if their registry still lists it', async () => {
    const left = new Gate()
    const [first, second] = [worker({ hooks: { beforeStop: () => left.opened } }), worker()]
    const hosts = [new URL((await first.listen()).url).host, new URL((await second.listen()).url).host]
    const registry = staticRegistry({ 'work-service': hosts })
    await using caller = client(workContract, { registry, balancer: 'round-robin' })
    const call = (): Promise<number> => caller.work({ body: { n: 1 } })
    await Promise.all([call(), call()])
    const closed = first.close()
    let before = 0
    first.fastify.server.on('request', () => (before += 1))
    await vi.waitFor(async () => {
      await call()
      expect(before).toBe(1)
    })
    for (let n = 0; n < 20; n++) await call()
    expect(before).toBe(1)
    left.open()
    await closed
  })

  it('responds on connections that have yet to send a request, and does not wait for silent ones', async () => {
    const app = worker({ drain: { delayMs: 500 } })
    const { port } = new URL((await app.listen()).url)
    const [late, silent, kept] = [await connected(port), await connected(port), await connected(port)]
    const ping = 'GET /ping HTTP/1.1\r\nhost: here\r\n\r\n'
    kept.write(ping)
    await once(kept, 'readable')
    const closed = app.close()
    await vi.waitFor(() => expect(app.fastify.server.listening).toBe(false), { interval: 5 })
    for (const socket of [late, kept]) {
      socket.write(ping)
      expect(await everything(socket)).toMatch(/HTTP\/1\.1 200 OK\r\n(?:(?!HTTP)[^])*connection: close\r\n/i)
    }
    expect(await everything(silent)).toBe('')
    await closed
  })

  it('does not wait when it never listened, or under `tricube dev`', async () => {
    const drain = { preStopDelayMs: 3_600_000, delayMs: 3_600_000 }
    const injected = worker({ drain })
    expect((await injected.inject('/ping')).statusCode).toBe(200)
    await injected.close()
    vi.stubEnv('NODE_ENV', 'development')
    const developed = worker({ drain })
    await developed.listen()
    await developed.close()
  })

  it('waits for its unfinished start, and does not listen', async () => {
    const before = new Gate()
    const app = worker({ hooks: { beforeStart: () => before.opened } })
    const listening = app.listen()
    const closed = app.close()
    before.open()
    await expect(listening).rejects.toThrow('work-service was stopped before it listened')
    await closed
    expect(app.fastify.server.listening).toBe(false)
  })

  it('closes everything when a hook fails, and rejects with its error', async () => {
    const seen: string[] = []
    const app = worker({
      hooks: {
        beforeStop: () => {
          throw new Error('no farewell')
        },
        afterStop: () => void seen.push('afterStop'),
      },
    })
    await app.listen()
    await expect(app.close()).rejects.toThrow('no farewell')
    expect([seen, app.fastify.server.listening]).toEqual([['afterStop'], false])
  })

  it('cancels requests that hang: it names them in the log, aborts their signals and rejects', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tricube-drain-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    vi.stubEnv('LOG_LEVEL', 'error')
    const file = join(folder, 'log')
    const app = worker({ drain: { timeoutMs: 100 }, log: { file } })
    const { url } = await app.listen()
    const responses = [fetch(`${url}/wait`), fetch(`${url}/wait`)].map((response) =>
      response.catch((error: Error) => error),
    )
    await vi.waitFor(() => expect(waitingCount).toBe(2))
    await expect(app.close()).rejects.toThrow(/^work-service: still in flight after 0\.1 s: wait \d\.\d s, \d\.\d s$/)
    expect(signal!.reason).toMatchObject({ status: 499 })
    for (const response of responses) expect(await response).toBeInstanceOf(TypeError)
    const [line] = (await readFile(file, 'utf8')).trim().split('\n')
    expect(JSON.parse(line!)).toMatchObject({
      level: 'error',
      msg: 'stopping: drain',
      err: { type: 'DrainError', inFlight: { wait: [expect.any(Number), expect.any(Number)] } },
    })
  })
})

async function connected(port: string): Promise<Socket> {
  const socket = connect(Number(port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

async function everything(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket.setEncoding('utf8')) text += chunk
  return text
}
