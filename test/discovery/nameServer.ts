/** A name server on 127.0.0.1 with the records of a test: RFC 1035, as far as A, AAAA and SRV need it. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { onTestFinished } from 'vitest'

export type NameRecord = { readonly ttl?: number } & (
  | { readonly address: string }
  | { readonly name: string; readonly port: number; readonly priority?: number; readonly weight?: number }
)

export interface NameServer {
  readonly address: string
  /** What it knows. */
  records: Readonly<Record<string, readonly NameRecord[]>>
  /** The code of its responses: 2 is a failure of the server. */
  failure: number
  /** The names of its queries. */
  readonly queries: string[]
}

export async function nameServer(records: NameServer['records']): Promise<NameServer> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  onTestFinished(() => void socket.close())
  const server: NameServer = { address: `127.0.0.1:${socket.address().port}`, records, failure: 0, queries: [] }
  socket.on('message', (query, { port, address }) => socket.send(reply(query, server), port, address))
  return server
}

const types = { a: 1, aaaa: 28, srv: 33 } as const

function reply(query: Buffer, server: NameServer): Buffer {
  const labels: string[] = []
  let at = 12
  for (; query[at] !== 0; at += query[at]! + 1) labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!))
  const type = query.readUInt16BE(at + 1)
  const name = labels.join('.')
  server.queries.push(name)
  const known = server.records[name]
  const found = (known ?? []).filter((record) => typeOf(record) === type).map(encode)
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2)
  header.writeUInt16BE(0x8180 | server.failure || (known ? 0x8180 : 0x8183), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(server.failure ? 0 : found.length, 6)
  return Buffer.concat([header, query.subarray(12, at + 5), ...(server.failure ? [] : found)])
}

function typeOf(record: NameRecord): number {
  if (!('address' in record)) return types.srv
  return isIPv6(record.address) ? types.aaaa : types.a
}

function encode(record: NameRecord): Buffer {
  const data = 'address' in record ? bytesOf(record.address) : srv(record)
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc00c, 0) // the name of the query
  head.writeUInt16BE(typeOf(record), 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(record.ttl ?? 30, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

function srv({ name, port, priority = 0, weight = 0 }: Extract<NameRecord, { port: number }>): Buffer {
  const numbers = Buffer.alloc(6)
  ;[priority, weight, port].forEach((number, i) => numbers.writeUInt16BE(number, i * 2))
  const labels = name.split('.').flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)])
  return Buffer.concat([numbers, ...labels, Buffer.from([0])])
}

function bytesOf(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail = ''] = address.split('::')
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
  const zeros = Array.from({ length: 8 - groups(head).length - groups(tail).length }, () => 0)
  return Buffer.from([...groups(head), ...zeros, ...groups(tail)].flatMap((group) => [group >> 8, group & 255]))
}
