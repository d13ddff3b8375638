/** A reader of protobuf's wire format that knows no schema: fields by their numbers. https://protobuf.dev/programming-guides/encoding/ */
export class Message {
  readonly #fields = new Map<number, (bigint | Buffer)[]>()

  constructor(bytes: Buffer) {
    let at = 0
    const varint = (): bigint => {
      let value = 0n
      for (let shift = 0n; ; shift += 7n) {
        const byte = bytes[at++]
        if (byte === undefined || shift > 63n) throw new Error('a varint has no end')
        value |= BigInt(byte & 0x7f) << shift
        if (byte < 0x80) return value
      }
    }
    const take = (length: number): Buffer => {
      if (at + length > bytes.length) throw new Error('a field is longer than its message')
      return bytes.subarray(at, (at += length))
    }
    while (at < bytes.length) {
      const tag = Number(varint())
      const [field, type] = [tag >> 3, tag & 7]
      let value: bigint | Buffer
      if (type === 0) value = varint()
      else if (type === 1) value = take(8).readBigUInt64LE()
      else if (type === 2) value = take(Number(varint()))
      else if (type === 5) value = BigInt(take(4).readUInt32LE())
      else throw new Error(`no such wire type: ${type}`)
      this.#fields.set(field, [...(this.#fields.get(field) ?? []), value])
    }
  }

  has(field: number): boolean {
    return this.#fields.has(field)
  }

  number(field: number): bigint | undefined {
    return this.#fields.get(field)?.[0] as bigint | undefined
  }

  bytes(field: number): Buffer | undefined {
    return this.#fields.get(field)?.[0] as Buffer | undefined
  }

  text(field: number): string | undefined {
    return this.bytes(field)?.toString()
  }

  messages(field: number): Message[] {
    return (this.#fields.get(field) ?? []).map((bytes) => new Message(bytes as Buffer))
  }
}
