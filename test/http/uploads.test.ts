import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { contract, NotFound, openapiDocument, PayloadTooLarge, service, t, upload } from 'tricube'
import { client } from 'tricube/client'
import { fetchClient } from 'tricube/client/fetch'
import { testService } from 'tricube/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { problemsOf } from '../openapi/validate.ts'
import { talk } from './socket.ts'

const Received = t.Object({ bytes: t.Integer(), sha256: t.String() })
const types = ['image/png', 'text/*']
const uploads = contract('upload-service', {
  save: { route: 'PUT /save/:name', body: upload({ types, maxBytes: 20_000_000 }), returns: Received },
  read: { route: 'POST /read', body: upload({ maxBytes: 1000 }), returns: Received },
  unread: { route: 'POST /unread', body: upload({ maxBytes: 1_000_000_000 }), returns: t.Null(), errors: [NotFound] },
  packed: { route: 'POST /packed', body: upload({ maxBytes: 100_000 }), compressedBody: true, returns: Received },
  slow: { route: 'POST /slow', body: upload({ maxBytes: 1_000_000_000 }), returns: t.Null(), timeoutMs: 300 },
})
let folder: string
const failures: unknown[] = []
const uploadService = service(uploads, {
  admission: false,
  handlers: {
    async save({ params, body }) {
      try {
        return await body.save(join(folder, params.name))
      } catch (error) {
        failures.push(error)
        throw error
      }
    },
    async read({ body }) {
      const all = await body.bytes()
      if (all.length !== body.received!.bytes) throw new Error('counted wrongly')
      await expect(body.bytes()).rejects.toThrow('the upload has been read already')
      return body.received!
    },
    unread() {
      throw new NotFound('nowhere to put it')
    },
    async packed({ body }) {
      for await (const chunk of body) void chunk
      return body.received!
    },
    async slow({ body }) {
      for await (const chunk of body) void chunk
      return null
    },
  },
})
let url: string
let port: number
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tricube-uploads-'))
  ;({ url } = await uploadService.listen())
  port = Number(new URL(url).port)
})
afterAll(async () => {
  await uploadService.close()
  await rm(folder, { recursive: true })
})

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const png = { 'content-type': 'image/png' }
async function put(
  path: string,
  body: NonNullable<RequestInit['body']>,
  headers: Record<string, string> = png,
  method = 'PUT',
) {
  const response = await fetch(url + path, {
    method,
    body,
    headers,
    ...(body instanceof ReadableStream && { duplex: 'half' }),
  })
  return { status: response.status, ...((await response.json()) as { data?: unknown; error?: unknown; code: number }) }
}

describe('an upload', () => {
  it('is saved, counted and hashed while it arrives', async () => {
    const bytes = randomBytes(5_000_000)
    expect(await put('/save/a', bytes)).toMatchObject({
      status: 200,
      data: { bytes: 5_000_000, sha256: hashOf(bytes) },
    })
    expect(hashOf(await readFile(join(folder, 'a')))).toBe(hashOf(bytes))
    const stream = new Blob([bytes]).stream()
    expect(await put('/save/b', stream)).toMatchObject({ status: 200, data: { sha256: hashOf(bytes) } })
    expect((await readdir(folder)).toSorted()).toEqual(['a', 'b'])
  })

  it('may be empty', async () => {
    expect(await put('/read', '', {}, 'POST')).toMatchObject({
      status: 200,
      data: { bytes: 0, sha256: hashOf(new Uint8Array()) },
    })
  })

  it('that has types does not replace a file when there is no body', async () => {
    await put('/save/kept', 'image')
    const bare = await fetch(`${url}/save/kept`, { method: 'PUT' })
    const error = 'a body of image/png or text/* is required'
    expect([bare.status, await bare.json()]).toMatchObject([400, { code: 40001, error }])
    expect(await readFile(join(folder, 'kept'), 'utf8')).toBe('image')
    expect(await put('/save/kept', '', { 'content-type': 'text/plain' })).toMatchObject({ data: { bytes: 0 } })
    await rm(join(folder, 'kept'))
  })

  it('is rejected before it is sent: its type and its announced length', async () => {
    const head = (type: string, length: number) =>
      `PUT /save/no HTTP/1.1\r\nhost: a\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\nexpect: 100-continue\r\n\r\n`
    for (const [sent, status] of [
      [head('text/html2', 9), 100],
      [head('image/gif', 9), 415],
      [head('image/png', 20_000_001), 413],
    ] as const) {
      const { statuses } = await talk(port, sent, 1)
      expect(statuses).toEqual([status])
    }
    const ended = await talk(port, head('image/gif', 1_000_000))
    expect([ended.statuses, ended.isClosed]).toEqual([[415], true])
    expect(await readdir(folder)).not.toContain('no')
  })

  it('that has more bytes than allowed is a 413, and nothing is kept', async () => {
    const chunk = `${(1_000_000).toString(16)}\r\n${'x'.repeat(1_000_000)}\r\n`
    const head = 'PUT /save/large HTTP/1.1\r\nhost: a\r\ncontent-type: image/png\r\ntransfer-encoding: chunked\r\n\r\n'
    const { statuses, isClosed } = await talk(port, head + chunk.repeat(21))
    expect([statuses, isClosed]).toEqual([[413], true])
    await expect.poll(() => readdir(folder)).toEqual(['a', 'b'])
  })

  it('whose caller hangs up leaves nothing behind, 100 times', async () => {
    const open = async () => (await readdir('/proc/self/fd')).length
    const before = await open()
    failures.length = 0
    const head = 'PUT /save/cut HTTP/1.1\r\nhost: a\r\ncontent-type: image/png\r\ncontent-length: 1000000\r\n\r\n'
    for (let i = 0; i < 100; i++) {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      socket.write(head + 'x'.repeat(i * 1000), () => socket.destroy())
    }
    await expect.poll(() => failures.length).toBe(100)
    expect(failures.every((error) => (error as { code: number }).code === 40001)).toBe(true)
    await expect.poll(() => readdir(folder)).toEqual(['a', 'b'])
    await expect.poll(open).toBeLessThanOrEqual(before + 2)
  })

  it('that nobody reads is not read: the connection is closed after the response', async () => {
    const head = 'POST /unread HTTP/1.1\r\nhost: a\r\ncontent-length: 900000000\r\n\r\n'
    const { statuses, isClosed } = await talk(port, head + 'x'.repeat(100_000))
    expect([statuses, isClosed]).toEqual([[404], true])
  })

  it('that is slower than the deadline is a 504', async () => {
    const head = 'POST /slow HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\nhalf'
    const { statuses, isClosed } = await talk(port, head)
    expect([statuses, isClosed]).toEqual([[504], true])
  })

  it('waits for its handler: memory stays flat', async () => {
    const before = process.memoryUsage().rss
    let sent = 0
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent >= 19_000_000) return controller.close()
        sent += 100_000
        controller.enqueue(new Uint8Array(100_000))
      },
    })
    expect((await put('/save/flat', stream)).status).toBe(200)
    expect(process.memoryUsage().rss - before).toBeLessThan(80_000_000)
    await rm(join(folder, 'flat'))
  })

  it('may be compressed, up to its limit', async () => {
    const gzip = { 'content-encoding': 'gzip' }
    expect(await put('/packed', gzipSync('tea'), gzip, 'POST')).toMatchObject({
      status: 200,
      data: { bytes: 3, sha256: hashOf(Buffer.from('tea')) },
    })
    expect((await put('/packed', gzipSync(Buffer.alloc(50_000_000)), gzip, 'POST')).status).toBe(413)
    expect((await put('/packed', gzipSync(randomBytes(1000)).subarray(0, 500), gzip, 'POST')).code).toBe(40001)
  })
})

describe('callers', () => {
  it('send bytes and streams, over undici, over fetch and in tests', async () => {
    const bytes = randomBytes(300_000)
    const stream = () => new Blob([bytes]).stream()
    await using over = client(uploads, { url })
    for (const [i, one] of [over, fetchClient(uploads, { url })].entries()) {
      expect(await one.save({ params: { name: `c${i}` }, body: bytes })).toEqual({
        bytes: 300_000,
        sha256: hashOf(bytes),
      })
      expect(await one.save({ params: { name: `d${i}` }, body: stream })).toEqual({
        bytes: 300_000,
        sha256: hashOf(bytes),
      })
      expect((await one.save({ params: { name: `e${i}` }, body: new Blob(['x'], { type: 'text/csv' }) })).bytes).toBe(1)
      await expect(one.read({ body: new Uint8Array(1001) })).rejects.toBeInstanceOf(PayloadTooLarge)
      await expect(one.read({ body: 7 as never })).rejects.toThrow('the body must be bytes, or a function')
    }
    await using app = await testService(uploadService)
    expect((await app.client.read({ body: 'abc' })).data).toEqual({ bytes: 3, sha256: hashOf(Buffer.from('abc')) })
  })
})

describe('the contract', () => {
  it('needs a limit', () => {
    expect(() => upload({} as never)).toThrow('upload: maxBytes is required')
    expect(() => upload({ maxBytes: 1, types: ['*'] })).toThrow('upload: types must be a list of media types')
  })

  it('is valid OpenAPI', async () => {
    const document = openapiDocument(uploads)
    expect(await problemsOf(document)).toEqual([])
    expect(document.paths['/save/{name}']!['put']!.requestBody).toEqual({
      required: true,
      content: { 'image/png': { schema: {} }, 'text/*': { schema: {} } },
    })
  })
})
