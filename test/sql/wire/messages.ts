/** Messages of PostgreSQL's protocol, made and read by the book. */
// https://www.postgresql.org/docs/current/protocol-message-formats.html

export function message(code: string, ...parts: readonly (string | number | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map(bytesOf))
  const head = Buffer.alloc(5)
  head.write(code, 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/** Two bytes. */
export function short(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

/** A DataRow's body. */
export function rowBody(values: readonly (string | null)[]): Buffer {
  const parts = values.flatMap((value) =>
    value === null ? [bytesOf(-1)] : [bytesOf(Buffer.byteLength(value)), Buffer.from(value)],
  )
  return Buffer.concat([short(values.length), ...parts])
}

/** The messages that a client has sent: their codes and bodies. */
export function messagesIn(bytes: Buffer): { readonly code: string; readonly body: Buffer }[] {
  const messages: { code: string; body: Buffer }[] = []
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + bytes.readInt32BE(at + 1)
    messages.push({ code: String.fromCharCode(bytes[at]!), body: bytes.subarray(at + 5, end) })
    at = end
  }
  return messages
}

/** A text is one of C: it ends in a zero. A number has four bytes. */
function bytesOf(part: string | number | Buffer): Buffer {
  if (typeof part === 'string') return Buffer.from(`${part}\0`)
  if (typeof part !== 'number') return part
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(part)
  return bytes
}
