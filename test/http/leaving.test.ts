/** Callers who leave in the middle of an upload or a download: the processes behind it end, and nothing is left. */
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { contract, csv, file, multipart, raw, service, upload } from 'tricube'
import { testService } from 'tricube/testing'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'

const store = contract('store-service', {
  save: { route: 'PUT /save/:name', body: upload({ maxBytes: 10_000_000 }), status: 204 },
  drop: { route: 'POST /drop', body: upload({ maxBytes: 10_000_000 }), status: 204 },
  form: { route: 'POST /form', body: multipart({ files: { photo: { maxBytes: 10_000_000 } } }), status: 204 },
  packed: { route: 'POST /packed', body: raw({ maxBytes: 10_000_000 }), compressedBody: true, status: 204 },
  load: { route: 'GET /load', returns: file() },
  rows: { route: 'GET /rows', returns: file('text/csv') },
})
const relay = contract('relay-service', {
  load: { route: 'GET /load', returns: file() },
  rows: { route: 'GET /rows', returns: file('text/csv') },
})

let folder: string
const storeService = service(store, {
  admission: false,
  database: {},
  handlers: {
    save: async ({ params, body }) => void (await body.save(join(folder, params.name))),
    async drop({ body }) {
      for await (const chunk of body) void chunk
    },
    form: async ({ body }) => body.photo.save(join(folder, 'photo')),
    packed: () => undefined,
    load: () => ({ content: { path: join(folder, 'large.bin') } }),
    rows: ({ db }) => ({ content: csv(db.stream`SELECT generate_series(1, 10000000) AS i, repeat('x', 100) AS text`) }),
  },
})
const relayService = service(relay, {
  admission: false,
  clients: { store },
  handlers: {
    load: async ({ clients }) => ({ content: (await clients.store.load.stream()).value }),
    rows: async ({ clients }) => ({ content: (await clients.store.rows.stream()).value }),
  },
})

type App = Awaited<ReturnType<typeof testService<typeof store>>>
let app: App
let stop: () => Promise<void>
const ports: Record<string, number> = {}
const warnings: string[] = []
const onWarning = ({ message }: Error): void => void warnings.push(message)
beforeAll(async () => {
  process.on('warning', onWarning)
  folder = await mkdtemp(join(tmpdir(), 'tricube-leaving-'))
  await writeFile(join(folder, 'large.bin'), Buffer.alloc(20_000_000))
  app = await testService(storeService)
  const address = await app.fastify.listen({ host: '127.0.0.1', port: 0 })
  vi.stubEnv('TRICUBE_SERVICES', `store-service=${new URL(address).host}`)
  vi.stubEnv('PORT', '0')
  const { url } = await relayService.listen()
  vi.unstubAllEnvs()
  Object.assign(ports, { store: Number(new URL(address).port), relay: Number(new URL(url).port) })
  stop = async () => {
    await relayService.close()
    await app.close()
    process.off('warning', onWarning)
    await rm(folder, { recursive: true })
  }
})
afterAll(() => stop())

const head = (line: string, headers: string) => `${line} HTTP/1.1\r\nhost: a\r\n${headers}\r\n\r\n`
const part = '--a\r\ncontent-disposition: form-data; name="photo"; filename="a"\r\ncontent-type: image/png\r\n\r\n'
const length = 'content-length: 1000000'
const half = gzipSync(Buffer.from(Array.from({ length: 50_000 }, (_, i) => i % 251))).subarray(0, 200)

/** What each caller sends before it leaves. One that sends no body leaves with the first bytes of its response. */
const visits = [
  ['store', head('PUT /save/cut', length) + 'x'.repeat(70_000)],
  ['store', head('POST /drop', length)],
  [
    'store',
    head('POST /form', `${length}\r\ncontent-type: multipart/form-data; boundary=a`) + part + 'x'.repeat(70_000),
  ],
  ['store', head('POST /packed', `${length}\r\ncontent-encoding: gzip`) + half.toString('latin1')],
  ['store', head('GET /load', 'accept: */*')],
  ['store', head('GET /rows', 'accept: */*')],
  ['relay', head('GET /load', 'accept: */*')],
  ['relay', head('GET /rows', 'accept: */*')],
] as const

async function visit([to, bytes]: (typeof visits)[number]): Promise<void> {
  const socket = connect(ports[to]!, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  await new Promise((sent) => socket.write(Buffer.from(bytes, 'latin1'), sent))
  if (bytes.startsWith('GET')) await once(socket, 'data')
  const closed = once(socket, 'close')
  socket.destroy()
  await closed
}

/** What the process holds, apart from the connections between the two services. */
async function held() {
  const resources = process.getActiveResourcesInfo()
  const count = (name: string) => resources.filter((one) => one === name).length
  return {
    files: (await readdir(folder)).toSorted(),
    temporary: (await readdir(tmpdir())).filter((name) => name.startsWith('tricube-upload-')).length,
    requests: count('FSReqPromise') + count('FSReqCallback') + count('Zlib'),
    statements: await app.db.value<number>`
      SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'`,
  }
}
const descriptors = async () => (await readdir('/proc/self/fd')).length
const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length

it('1,000 callers who leave in the middle leave nothing behind', async () => {
  for (const one of visits) await visit(one) // opens the connections that stay
  await expect.poll(held).toMatchObject({ requests: 0, statements: 0 })
  const before = { ...(await held()), descriptors: await descriptors(), timers: timers(), sockets: sockets() }

  for (let i = 0; i < 1000; i += 40) {
    await Promise.all(Array.from({ length: 40 }, (_, j) => visit(visits[(i + j) % visits.length]!)))
  }

  await expect.poll(held, { timeout: 10_000 }).toEqual({
    files: before.files,
    temporary: before.temporary,
    requests: before.requests,
    statements: before.statements,
  })
  // Pools keep a few more connections than before: as many as were busy at once, and no more.
  await expect.poll(descriptors, { timeout: 10_000 }).toBeLessThanOrEqual(before.descriptors + 20)
  await expect.poll(timers).toBeLessThanOrEqual(before.timers + 5)
  expect(sockets()).toBeLessThanOrEqual(before.sockets + 20)
  expect(warnings.filter((text) => text.includes('listeners'))).toEqual([])
  const { headers, body } = await fetch(`http://127.0.0.1:${ports['relay']}/load`)
  await body!.cancel()
  expect(headers.get('content-type')).toBe('application/octet-stream')
}, 60_000)
