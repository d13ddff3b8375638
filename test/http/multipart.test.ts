import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contract, multipart, openapiDocument, service, t } from 'tricube'
import { client } from 'tricube/client'
import { fetchClient } from 'tricube/client/fetch'
import { testService } from 'tricube/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { problemsOf } from '../openapi/validate.ts'

const albums = contract('album-service', {
  add: {
    route: 'POST /photos',
    body: multipart({
      fields: { title: t.String({ minLength: 1 }), year: t.Integer(), tags: t.Optional(t.Array(t.String())) },
      files: {
        photo: { types: ['image/*'], maxBytes: 2_000_000 },
        notes: { maxBytes: 1000, max: 2 },
        cover: { maxBytes: 1000, optional: true },
      },
    }),
    returns: t.Any(),
  },
})
let folder: string
let saved = 0
const albumService = service(albums, {
  admission: false,
  handlers: {
    async add({ body: { title, year, tags, photo, notes, cover } }) {
      await photo.save(join(folder, `${saved++}`))
      const { name, type, bytes, sha256 } = photo
      return {
        title,
        year,
        tags,
        photo: { name, type, bytes, sha256 },
        notes: notes.map((note) => note.name),
        cover: cover?.bytes,
      }
    },
  },
})
let url: string
let port: number
let before: string[]
const left = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('tricube-upload-'))
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tricube-albums-'))
  before = await left()
  ;({ url } = await albumService.listen())
  port = Number(new URL(url).port)
})
afterAll(async () => {
  await albumService.close()
  await rm(folder, { recursive: true })
})

const image = (bytes: Uint8Array | string, name = 'a.png', type = 'image/png') => new File([bytes], name, { type })
function formOf(entries: readonly (readonly [string, string | Blob])[]): FormData {
  const form = new FormData()
  for (const [name, value] of entries) form.append(name, value)
  return form
}
const valid = [
  ['title', 'Tea'],
  ['year', '2026'],
  ['photo', image('x')],
] as const
async function post(body: NonNullable<RequestInit['body']>, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/photos`, { method: 'POST', body, headers })
  return { status: response.status, ...((await response.json()) as { code: number; data?: any; error?: any }) }
}

describe('multipart()', () => {
  it('gives typed fields and files, which are gone after the response', async () => {
    const bytes = randomBytes(1_500_000)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const form = formOf([
      ['photo', image(bytes, 'ü "x".png')], // before the fields
      ['title', 'Tea\r\n& more'],
      ['year', '2026'],
      ['tags', 'a'],
      ['tags', 'b'],
      ['notes', image('1', 'one.txt', 'text/plain')],
      ['notes', image('2', '../../two.txt', 'text/plain')],
    ])
    const { status, data } = await post(form)
    expect([status, data]).toEqual([
      200,
      {
        title: 'Tea\r\n& more',
        year: 2026,
        tags: ['a', 'b'],
        photo: { name: expect.stringContaining('.png'), type: 'image/png', bytes: 1_500_000, sha256 },
        notes: ['one.txt', 'two.txt'],
      },
    ])
    expect(
      createHash('sha256')
        .update(await readFile(join(folder, '0')))
        .digest('hex'),
    ).toBe(sha256)
    await expect.poll(left).toEqual(before)
  })

  it.each<[string, readonly (readonly [string, string | Blob])[], number, unknown]>([
    ['no file', valid.slice(0, 2), 400, [{ in: 'body', path: 'photo', message: 'is required, as a file' }]],
    [
      'a field for a file',
      [...valid.slice(0, 2), ['photo', 'x']],
      400,
      expect.arrayContaining([expect.objectContaining({ path: 'photo' })]),
    ],
    ['an unknown field', [...valid, ['nope', 'x']], 400, [expect.objectContaining({ path: 'nope' })]],
    [
      'an unknown file',
      [...valid, ['nope', image('x')]],
      400,
      [expect.objectContaining({ path: 'nope', message: 'is not a known file' })],
    ],
    ['a wrong field', [['title', ''], ...valid.slice(1)], 400, [expect.objectContaining({ path: 'title' })]],
    [
      'a wrong type',
      [...valid.slice(0, 2), ['photo', image('x', 'a.txt', 'text/plain')]],
      415,
      'photo has to be image/*',
    ],
    [
      'a file that is too large',
      [...valid, ['cover', image(new Uint8Array(1001))]],
      413,
      'cover has more than 1000 bytes',
    ],
    [
      'too many files',
      [...valid, ...[1, 2, 3].map(() => ['notes', image('x')] as const)],
      413,
      'notes: at most 2 files',
    ],
    ['two files for one', [...valid, ['photo', image('x')]], 413, 'photo: at most 1 file'],
    ['a prototype', [...valid, ['__proto__', 'x']], 400, 'the form names __proto__ or constructor'],
    [
      '1,001 fields',
      [...valid, ...Array.from({ length: 1001 }, () => ['tags', 'x'] as const)],
      400,
      'the form has more than 1000 fields',
    ],
    ['a field of 2 MB', [...valid, ['tags', 'x'.repeat(2_000_000)]], 413, 'the fields are over the limit'],
  ])('rejects %s, and keeps nothing', async (_, entries, status, error) => {
    expect(await post(formOf(entries))).toMatchObject({ status, error })
    await expect.poll(left).toEqual(before)
  })

  it.each<[string, string, string, number]>([
    ['another type', 'application/json', '{}', 415],
    ['no boundary', 'multipart/form-data', 'x', 400],
    ['another boundary', 'multipart/form-data; boundary=a', '--b\r\n\r\n--b--', 400],
    [
      'half a part',
      'multipart/form-data; boundary=a',
      '--a\r\ncontent-disposition: form-data; name="photo"; filename="a"\r\ncontent-type: image/png\r\n\r\nhalf',
      400,
    ],
    ['endless headers', 'multipart/form-data; boundary=a', `--a\r\n${'x: y\r\n'.repeat(10_000)}`, 400],
    ['nothing', 'multipart/form-data; boundary=a', '', 400],
  ])('rejects %s', async (_, type, body, status) => {
    expect((await post(body, { 'content-type': type })).status).toBe(status)
    await expect.poll(left).toEqual(before)
  })

  it('leaves nothing behind when callers hang up, 50 times', async () => {
    const open = async () => (await readdir('/proc/self/fd')).length
    const descriptors = await open()
    const head =
      'POST /photos HTTP/1.1\r\nhost: a\r\ncontent-type: multipart/form-data; boundary=a\r\ncontent-length: 900000\r\n\r\n'
    const part = '--a\r\ncontent-disposition: form-data; name="photo"; filename="a"\r\ncontent-type: image/png\r\n\r\n'
    for (let i = 0; i < 50; i++) {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      socket.write(head + part + 'x'.repeat(i * 5000), () => socket.destroy())
    }
    await expect.poll(left).toEqual(before)
    await expect.poll(open).toBeLessThanOrEqual(descriptors + 2)
    expect((await post(formOf(valid))).status).toBe(200)
  })

  it('is sent by callers, over undici, over fetch and in tests', async () => {
    await using over = client(albums, { url })
    await using app = await testService(albumService)
    const body = {
      title: 'Tea "x"',
      year: 2026,
      tags: ['a', 'b'],
      photo: image('abc', 'a"b.png'),
      notes: [new Blob(['1'])],
    }
    const expected = {
      title: 'Tea "x"',
      year: 2026,
      tags: ['a', 'b'],
      notes: ['file'],
      photo: { bytes: 3, type: 'image/png' },
    }
    for (const one of [over, fetchClient(albums, { url })]) expect(await one.add({ body })).toMatchObject(expected)
    expect((await app.client.add({ body })).data).toMatchObject(expected)
  })

  it('is valid OpenAPI', async () => {
    const document = openapiDocument(albums)
    expect(await problemsOf(document)).toEqual([])
    const { schema } = document.paths['/photos']!['post']!.requestBody!.content['multipart/form-data']!
    expect(schema).toMatchObject({
      required: ['title', 'year', 'photo'],
      properties: { notes: { type: 'array', maxItems: 2 } },
    })
  })

  it.each<[object, string]>([
    [{ files: { a: {} } }, 'multipart: files.a: maxBytes must be a positive integer, got undefined'],
    [{ files: { a: { maxBytes: 1, types: ['png'] } } }, 'multipart: files.a: types must be a list'],
    [{ fields: { a: t.String() }, files: { a: { maxBytes: 1 } } }, 'multipart: files.a is also a field'],
    [{ fields: { a: 'x' } }, 'multipart: fields.a must be a schema'],
    [{ photo: { maxBytes: 1 } }, 'multipart: unknown option "photo", expected fields, files'],
    [{ file: {} }, 'multipart: unknown option "file", expected fields, files; did you mean files?'],
    [{}, 'multipart: expected { fields: { … }, files: { … } }'],
  ])('rejects the rules %j', (rules, message) => {
    expect(() => multipart(rules as {})).toThrow(message)
  })
})
