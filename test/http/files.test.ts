import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { contract, csv, file, ndjson, NotFound, openapiDocument, service, t, type FileContent } from 'tricube'
import { client } from 'tricube/client'
import { fetchClient } from 'tricube/client/fetch'
import { testService } from 'tricube/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { problemsOf } from '../openapi/validate.ts'

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 256)
const modified = new Date('2026-01-31T12:00:00.500Z')
let folder: string
const ended: string[] = []

const files = contract('file-service', {
  get: { route: 'GET /files/:kind', returns: file('application/x-test'), errors: [NotFound] },
  cached: { route: 'GET /cached/:kind', returns: file(), cacheControl: 'max-age=60', errors: [NotFound] },
  named: { route: 'GET /named', query: { name: t.String(), inline: t.Boolean({ default: false }) }, returns: file() },
  rows: { route: 'GET /rows', query: { n: t.Integer() }, returns: file('text/csv') },
  totals: { route: 'GET /totals', query: { n: t.Integer() }, returns: file('text/csv') },
  lines: { route: 'GET /lines', query: { n: t.Integer() }, returns: file('application/x-ndjson') },
  endless: { route: 'GET /endless', returns: file() },
  broken: { route: 'GET /broken', returns: file() },
  stalled: { route: 'GET /stalled', returns: file() },
})
let produced = 0

async function* endless(name: string): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      produced += 65_536
      yield new Uint8Array(65_536)
    }
  } finally {
    ended.push(name)
  }
}

// oxlint-disable-next-line require-yield
async function* failing(): AsyncGenerator<Uint8Array> {
  throw new Error('the disk is gone')
}

function contentOf(kind: string): FileContent {
  switch (kind) {
    case 'bytes':
      return { content: bytes, modified }
    case 'path':
      return { content: { path: join(folder, 'data.bin') } }
    case 'blob':
      return { content: new Blob([bytes]), version: 7 }
    case 'stream':
      return { content: Readable.from([bytes.subarray(0, 400), bytes.subarray(400)]) }
    case 'web':
      return { content: new Blob([bytes]).stream(), size: 1000 }
    case 'text':
      return { content: 'ü', type: 'text/plain; charset=utf-8' }
    case 'empty':
      return { content: new Uint8Array() }
    case 'empty-path':
      return { content: { path: join(folder, 'empty.bin') } }
    case 'folder':
      return { content: { path: folder } }
    case 'fails':
      return { content: failing(), size: 20, version: 1 }
    case 'wrong':
      return 'x' as never
    case 'number':
      return { content: 7 as never }
    default:
      return { content: { path: join(folder, kind) } }
  }
}

const fileService = service(files, {
  admission: false,
  handlers: {
    get: ({ params }) => contentOf(params.kind),
    cached: ({ params }) => contentOf(params.kind),
    named: ({ query }) => ({ content: 'x', name: query.name, inline: query.inline }),
    rows: ({ query, db }) => ({
      content: csv(
        db.stream`SELECT i AS id, 'a,"' || i AS text, NULL AS none, '=1' AS formula FROM generate_series(1, ${query.n}::int) i`,
      ),
      name: 'rows.csv',
    }),
    totals: ({ query, db }) => ({
      content: csv(db.stream`SELECT 7 AS total, i AS id, 0 AS other FROM generate_series(1, ${query.n}::int) i`, {
        columns: ['id', 'total'],
      }),
    }),
    lines: ({ query, db }) => ({
      content: ndjson(db.stream`SELECT i AS id FROM generate_series(1, ${query.n}::int) i`),
    }),
    endless: ({ request }) => ({ content: endless(request.id) }),
    broken: () => ({
      content: Readable.from(
        (async function* () {
          yield new Uint8Array(10)
          throw new Error('the disk is gone')
        })(),
      ),
      size: 20,
    }),
    stalled: ({ signal }) => ({
      content: (async function* () {
        yield new Uint8Array(10)
        await once(signal, 'abort')
      })(),
    }),
  },
  database: {},
})

let app: Awaited<ReturnType<typeof testService<typeof files>>>
let url: string
let port: number
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tricube-files-'))
  await writeFile(join(folder, 'data.bin'), bytes)
  await writeFile(join(folder, 'empty.bin'), '')
  app = await testService(fileService)
  ;({ port, url } = await listening())
})
afterAll(async () => {
  await app.close()
  await rm(folder, { recursive: true })
})

async function listening() {
  const address = await app.fastify.listen({ host: '127.0.0.1', port: 0 })
  return { url: address, port: Number(new URL(address).port) }
}

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(url + path, { method, headers })
const part = (from: number, to: number) => Buffer.from(bytes.subarray(from, to))
const body = async (response: Response) => Buffer.from(await response.arrayBuffer())

describe('a download', () => {
  it.each(['bytes', 'path', 'blob', 'stream', 'web'])('sends %s', async (kind) => {
    const response = await get(`/files/${kind}`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/x-test')
    expect(response.headers.get('content-disposition')).toBe('attachment')
    expect(response.headers.get('content-length')).toBe(kind === 'stream' ? null : '1000')
    expect(response.headers.get('accept-ranges')).toBe(kind === 'stream' || kind === 'web' ? 'none' : 'bytes')
    expect(await body(response)).toEqual(part(0, 1000))
  })

  it('sends text, and files without a byte', async () => {
    const text = await get('/files/text')
    expect([text.headers.get('content-type'), text.headers.get('content-length'), await text.text()]).toEqual([
      'text/plain; charset=utf-8',
      '2',
      'ü',
    ])
    for (const kind of ['empty', 'empty-path']) {
      const empty = await get(`/files/${kind}`, { range: 'bytes=0-' })
      expect([empty.status, (await get(`/files/${kind}`)).status]).toEqual([416, 200])
    }
  })

  it('has no body for HEAD', async () => {
    for (const kind of ['bytes', 'path', 'stream']) {
      const head = await get(`/files/${kind}`, {}, 'HEAD')
      expect([head.status, await head.text()]).toEqual([200, ''])
      if (kind !== 'stream') expect(head.headers.get('content-length')).toBe('1000')
    }
  })

  it.each(['missing', 'folder', 'data.bin%2F..%2Fno', 'x'.repeat(900)])(
    'is a 404 for a path that leads to no file: %s',
    async (kind) => {
      const response = await get(`/files/${kind}`)
      expect([response.status, await response.json()]).toMatchObject([404, { error: 'the file does not exist' }])
    },
  )

  it.each([
    ['missing', 404],
    ['fails', 500],
    ['wrong', 500],
  ])('of an error has no headers of the file: %s', async (kind, status) => {
    const response = await get(`/cached/${kind}`)
    const names = ['cache-control', 'etag', 'last-modified', 'content-disposition', 'accept-ranges']
    expect([response.status, names.filter((name) => response.headers.has(name))]).toEqual([status, []])
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(await response.json()).toHaveProperty('code', status * 100)
  })

  it.each(['wrong', 'number'])('is a 500 for %s', async (kind) => {
    await app.inject(`/files/${kind}`).catch(() => {}) // the test kit reports it
    expect((await get(`/files/${kind}`)).status).toBe(500)
  })
})

describe('range', () => {
  it.each<[string, number, number]>([
    ['bytes=0-0', 0, 1],
    ['bytes=0-99', 0, 100],
    ['bytes=990-', 990, 1000],
    ['bytes=990-5000', 990, 1000],
    ['bytes=-10', 990, 1000],
    ['bytes=-5000', 0, 1000],
    ['BYTES=1-2', 1, 3],
  ])('%s gets that part', async (range, from, to) => {
    for (const kind of ['bytes', 'path', 'blob']) {
      const response = await get(`/files/${kind}`, { range })
      expect([response.status, response.headers.get('content-range')]).toEqual([206, `bytes ${from}-${to - 1}/1000`])
      expect(response.headers.get('content-length')).toBe(`${to - from}`)
      expect(await body(response)).toEqual(part(from, to))
    }
  })

  it.each(['bytes=1000-', 'bytes=5000-6000', 'bytes=-0'])('%s is a 416', async (range) => {
    const response = await get('/files/path', { range })
    expect([response.status, response.headers.get('content-range')]).toEqual([416, 'bytes */1000'])
    expect(((await response.json()) as { code: number }).code).toBe(41600)
  })

  it.each([
    'bytes=5-4',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'items=0-1',
    'bytes=0-1,5-6',
    'bytes=0-1;',
    `bytes=${'9'.repeat(30)}-`,
  ])('%s gets the whole file', async (range) => {
    const response = await get('/files/path', { range })
    expect([response.status, (await body(response)).length]).toEqual([200, 1000])
  })

  it('of a stream gets the whole', async () => {
    expect((await get('/files/stream', { range: 'bytes=0-1' })).status).toBe(200)
  })

  it('puts a file together again from any parts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: 999 }), { maxLength: 4 }), async (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), 1000]
        const parts = await Promise.all(
          at.slice(1).map(async (to, i) => body(await get('/files/path', { range: `bytes=${at[i]}-${to - 1}` }))),
        )
        expect(Buffer.concat(parts)).toEqual(part(0, 1000))
      }),
      { numRuns: 20 },
    )
  })

  it('counts only for the version that the caller has', async () => {
    const etag = (await get('/files/bytes')).headers.get('etag')!
    const date = modified.toUTCString()
    for (const [ifRange, status] of [
      [etag, 206],
      [date, 206],
      ['"other"', 200],
      [`W/${etag}`, 200],
      ['Thu, 01 Jan 1970 00:00:00 GMT', 200],
    ] as const) {
      expect([ifRange, (await get('/files/bytes', { range: 'bytes=0-1', 'if-range': ifRange })).status]).toEqual([
        ifRange,
        status,
      ])
    }
  })
})

describe('conditions', () => {
  it('spare a caller what it has', async () => {
    for (const kind of ['bytes', 'path', 'blob']) {
      const etag = (await get(`/files/${kind}`)).headers.get('etag')!
      const again = await get(`/files/${kind}`, { 'if-none-match': etag })
      expect([again.status, again.headers.get('etag'), await again.text()]).toEqual([304, etag, ''])
      expect((await get(`/files/${kind}`, { 'if-match': '"other"' })).status).toBe(412)
    }
    const since = (name: string, date: string) => get('/files/bytes', { [name]: date }).then(({ status }) => status)
    expect(await since('if-modified-since', modified.toUTCString())).toBe(304)
    expect(await since('if-modified-since', 'Thu, 01 Jan 2026 00:00:00 GMT')).toBe(200)
    expect(await since('if-modified-since', 'yesterday')).toBe(200)
    expect(await since('if-unmodified-since', 'Thu, 01 Jan 2026 00:00:00 GMT')).toBe(412)
  })
})

describe('a name', () => {
  it.each([
    ['a.txt', 'attachment; filename="a.txt"'],
    ['a "b".txt', `attachment; filename="a _b_.txt"; filename*=UTF-8''a%20%22b%22.txt`],
    ['naïve 文.pdf', `attachment; filename="naive .pdf"; filename*=UTF-8''na%C3%AFve%20%E6%96%87.pdf`],
    ['../../etc/passwd', 'attachment; filename="passwd"'],
    ['C:\\x\\y.txt', 'attachment; filename="y.txt"'],
    ['a\r\nset-cookie: x=1', `attachment; filename="aset-cookie: x=1"`],
    ['nul\0.txt', 'attachment; filename="nul.txt"'],
    ['evil\u202Egnp.exe', 'attachment; filename="evilgnp.exe"'],
    ['..', 'attachment; filename="file"'],
    ['/', 'attachment; filename="file"'],
    ["it's (1)*.txt", `attachment; filename="it's (1)*.txt"`],
  ])('%j is safe', async (name, disposition) => {
    const { headers } = await app.client
      .named({ query: { name } })
      .catch(() => ({ headers: {} as Record<string, string> }))
    const sent =
      headers['content-disposition'] ??
      (await get(`/named?name=${encodeURIComponent(name)}`)).headers.get('content-disposition')
    expect(sent).toBe(disposition)
  })

  it('may be shown instead of saved', async () => {
    expect((await get('/named?name=a.txt&inline=true')).headers.get('content-disposition')).toBe(
      'inline; filename="a.txt"',
    )
  })
})

describe('rows', () => {
  it('become CSV that no spreadsheet runs', async () => {
    const response = await get('/rows?n=2')
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="rows.csv"')
    expect(await response.text()).toBe(`id,text,none,formula\r\n1,"a,""1",,'=1\r\n2,"a,""2",,'=1\r\n`)
    expect(await (await get('/rows?n=0')).text()).toBe('')
    expect(await (await get('/lines?n=2')).text()).toBe('{"id":1}\n{"id":2}\n')
  })

  it('have a first line without any row, when the columns are named', async () => {
    expect(await (await get('/totals?n=0')).text()).toBe('id,total\r\n')
    expect(await (await get('/totals?n=1')).text()).toBe('id,total\r\n1,7\r\n')
    expect(await (await get('/rows?n=0')).text()).toBe('')
  })

  it('stream in flat memory: 200,000 of them', async () => {
    const response = await get('/lines?n=200000')
    globalThis.gc?.()
    let most = 0
    let length = 0
    const before = process.memoryUsage().heapUsed
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      length += chunk.length
      most = Math.max(most, process.memoryUsage().heapUsed - before)
    }
    expect(length).toBeGreaterThan(2_000_000)
    expect(most).toBeLessThan(100_000_000)
  }, 60_000)
})

describe('a caller who leaves', () => {
  it('ends the source, 100 times', async () => {
    const before = (await readdir('/proc/self/fd')).length
    for (let i = 0; i < 100; i++) {
      const socket = connect(port, '127.0.0.1')
      socket.write('GET /endless HTTP/1.1\r\nhost: a\r\n\r\n')
      await once(socket, 'data')
      socket.destroy()
    }
    await expect.poll(() => ended.length).toBe(100)
    await expect.poll(async () => (await readdir('/proc/self/fd')).length).toBeLessThanOrEqual(before + 5)
  })

  it('of a path leaves no descriptor', async () => {
    const open = async () => (await readdir('/proc/self/fd')).length
    await writeFile(join(folder, 'large.bin'), Buffer.alloc(50_000_000))
    const before = await open()
    for (let i = 0; i < 30; i++) {
      const socket = connect(port, '127.0.0.1')
      socket.write('GET /files/large.bin HTTP/1.1\r\nhost: a\r\n\r\n')
      await once(socket, 'data')
      socket.destroy()
    }
    await expect.poll(open).toBeLessThanOrEqual(before + 2)
  })

  it('is told when a source breaks in the middle', async () => {
    const response = await get('/broken')
    await expect(response.arrayBuffer()).rejects.toThrow()
  })
})

describe('callers', () => {
  it('get a Blob, over undici, over fetch and in tests', async () => {
    await using over = client(files, { url })
    for (const one of [over, fetchClient(files, { url })]) {
      const blob = await one.get({ params: { kind: 'path' } })
      expect([blob.type, Buffer.from(await blob.arrayBuffer())]).toEqual(['application/x-test', part(0, 1000)])
      const some = await one.get.raw({ params: { kind: 'path' } }, { headers: { range: 'bytes=0-9' } })
      expect([some.status, some.value.size]).toEqual([206, 10])
      await expect(one.get({ params: { kind: 'missing' } })).rejects.toBeInstanceOf(NotFound)
    }
    const { data, status } = await app.client.get({ params: { kind: 'bytes' } })
    expect([status, Buffer.from(await data.arrayBuffer())]).toEqual([200, part(0, 1000)])
  })

  it('are mocked', async () => {
    const caller = service(contract('caller-service', { go: { route: 'GET /go', returns: t.String() } }), {
      clients: { files },
      handlers: {
        async go({ clients: { files } }) {
          const { status, value } = await files.get.stream({ params: { kind: 'y' } })
          return `${await (await files.get({ params: { kind: 'x' } })).text()} ${status} ${await new Response(value).text()}`
        },
      },
    })
    await using mocked = await testService(caller)
    mocked.mock(files).get.implement(({ params }) => ({ content: `mock ${params.kind}` }))
    expect((await mocked.client.go()).data).toBe('mock x 200 mock y')
  })
})

describe('a file that is read while it arrives', () => {
  const clients = () => [
    client(files, { url, timeoutMs: 15_000, maxResponseBytes: 1000 }),
    fetchClient(files, { url, timeoutMs: 15_000 }),
  ]
  const received = async (value: ReadableStream<Uint8Array>) => Buffer.from(await new Response(value).arrayBuffer())

  it('has its status, its headers and its bytes, and no limit of size', async () => {
    await writeFile(join(folder, 'huge.bin'), Buffer.alloc(3_000_000, 7))
    for (const one of clients()) {
      const { status, headers, value } = await one.get.stream({ params: { kind: 'huge.bin' } })
      expect([status, headers['content-length'], headers['content-type']]).toEqual([
        200,
        '3000000',
        'application/x-test',
      ])
      expect((await received(value)).equals(Buffer.alloc(3_000_000, 7))).toBe(true)
      const some = await one.get.stream({ params: { kind: 'path' } }, { headers: { range: 'bytes=990-' } })
      expect([some.status, await received(some.value)]).toEqual([206, part(990, 1000)])
      const known = { 'if-none-match': some.headers['etag'] as string }
      const again = await one.get.stream({ params: { kind: 'path' } }, { headers: known })
      expect([again.status, (await received(again.value)).length]).toEqual([304, 0])
      await expect(one.get.stream({ params: { kind: 'missing' } })).rejects.toBeInstanceOf(NotFound)
    }
    const [limited] = clients()
    await expect(limited!.get({ params: { kind: 'huge.bin' } })).rejects.toMatchObject({ status: 502 })
  })

  it('waits for its reader, who may stop at any time', async () => {
    for (const one of clients()) {
      produced = 0
      ended.length = 0
      const { value } = await one.endless.stream()
      const reader = value.getReader()
      await reader.read()
      // The service stops when the buffers of both sides are full.
      let before = -1
      const isWaiting = () => before === (before = produced)
      await expect.poll(isWaiting, { interval: 300 }).toBe(true)
      expect(produced).toBeLessThan(30_000_000)
      await reader.read()
      await reader.cancel()
      await expect.poll(() => ended.length).toBe(1)
    }
  })

  it('ends with its signal, and with the connection', async () => {
    for (const one of clients()) {
      ended.length = 0
      const abort = new AbortController()
      const { value } = await one.endless.stream({}, { signal: abort.signal })
      const reason = new Error('enough')
      abort.abort(reason)
      await expect(received(value)).rejects.toBe(reason)
      await expect.poll(() => ended.length).toBe(1)
      const cut = await one.broken.stream()
      await expect(received(cut.value)).rejects.toMatchObject({ status: 503, code: 50300 })
    }
  })

  it('is a 504 when no more of it comes in time', async () => {
    for (const one of clients()) {
      const file = one.stalled.stream({}, { timeoutMs: 1000 }).then(({ value }) => received(value))
      await expect(file).rejects.toMatchObject({ status: 504 })
    }
  })
})

describe('the contract', () => {
  it.each<[object, string]>([
    [{ paginated: true }, 'a file has no pages'],
    [{ etag: true }, 'a file has an etag already'],
    [{ status: 201 }, 'the status of a file is 200'],
    [{ route: 'POST /', idempotent: 'by key' }, "idempotent: 'by key' stores no files"],
  ])('rejects %j', (more, message) => {
    expect(() => contract('x-service', { a: { route: 'GET /', returns: file(), ...more } } as never)).toThrow(message)
  })

  it('rejects what is no media type', () => {
    expect(() => file('pdf')).toThrow('file: the type must be a media type like text/csv, got "pdf"')
  })

  it('is valid OpenAPI', async () => {
    const document = openapiDocument(files)
    expect(await problemsOf(document)).toEqual([])
    const { responses, parameters } = document.paths['/files/{kind}']!['get']!
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['200', '206', '304', '404', '416']))
    expect(responses['200']).toMatchObject({ content: { 'application/x-test': {} } })
    expect(parameters!.map(({ name }) => name)).toEqual(['kind', 'range'])
  })
})
