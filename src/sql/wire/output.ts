/**
 * Messages to the server: the frontend half of the extended query protocol, written into slabs.
 *
 * No byte of a slab is written twice, so the result of `take` needs no copy, and many statements leave in one write.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

/** A value of a Bind message: text, bytes (sent as binary) or null. */
export type Encoded = string | Uint8Array | null

const slabBytes = 65_536

/** A growing sequence of protocol messages. */
export class Output {
  #slab: Buffer = Buffer.allocUnsafeSlow(slabBytes)
  #taken = 0
  #at = 0

  /** Returns everything written since the last call. */
  take(): Buffer {
    const bytes = this.#slab.subarray(this.#taken, this.#at)
    this.#taken = this.#at
    return bytes
  }

  /** Prepares `text` as the statement `name`. The empty name is the unnamed statement; type 0 lets the server decide. */
  parse(name: string, text: string, types: readonly number[] = []): void {
    const length = this.#begin(0x50) // P
    this.#cstring(name)
    this.#cstring(text)
    this.#int16(types.length)
    for (const type of types) this.#int32(type)
    this.#end(length)
  }

  /** Requests the parameter types and columns of a statement. */
  describe(name: string): void {
    this.#named(0x44, 0x53, name) // D, statement
  }

  closeStatement(name: string): void {
    this.#named(0x43, 0x53, name) // C, statement
  }

  closePortal(name: string): void {
    this.#named(0x43, 0x50, name) // C, portal
  }

  /** Binds values to a statement, as a portal; its columns come back as text. */
  bind(portal: string, statement: string, values: readonly Encoded[]): void {
    const length = this.#begin(0x42) // B
    this.#cstring(portal)
    this.#cstring(statement)
    if (values.some(isBytes)) {
      this.#int16(values.length)
      for (const value of values) this.#int16(isBytes(value) ? 1 : 0)
    } else {
      this.#int16(0) // all of them text
    }
    this.#int16(values.length)
    for (const value of values) this.#value(value)
    this.#int16(0) // all columns text
    this.#end(length)
  }

  /** Runs a portal, for at most `rows` rows; 0 means all. */
  execute(portal: string, rows: number): void {
    const length = this.#begin(0x45) // E
    this.#cstring(portal)
    this.#int32(rows)
    this.#end(length)
  }

  /** Ends a group that succeeds or fails together, and requests ReadyForQuery. */
  sync(): void {
    const length = this.#begin(0x53) // S
    this.#end(length)
  }

  /** The simple query protocol: any number of statements, without parameters. */
  query(text: string): void {
    const length = this.#begin(0x51) // Q
    this.#cstring(text)
    this.#end(length)
  }

  terminate(): void {
    this.#end(this.#begin(0x58)) // X
  }

  #named(code: number, kind: number, name: string): void {
    const length = this.#begin(code)
    this.#slab[this.#at++] = kind
    this.#cstring(name)
    this.#end(length)
  }

  #begin(code: number): number {
    this.#ensure(16)
    this.#slab[this.#at++] = code
    const length = this.#at - this.#taken
    this.#at += 4
    return length
  }

  #end(length: number): void {
    const from = this.#taken + length
    writeInt32(this.#slab, from, this.#at - from)
  }

  #value(value: Encoded): void {
    if (value === null) {
      this.#int32(-1)
    } else if (typeof value === 'string') {
      this.#ensure(4 + value.length * 3)
      const bytes = writeText(this.#slab, this.#at + 4, value)
      writeInt32(this.#slab, this.#at, bytes)
      this.#at += 4 + bytes
    } else {
      this.#int32(value.length)
      this.#ensure(value.length)
      this.#slab.set(value, this.#at)
      this.#at += value.length
    }
  }

  #cstring(text: string): void {
    this.#ensure(text.length * 3 + 1)
    this.#at += writeText(this.#slab, this.#at, text)
    this.#slab[this.#at++] = 0
  }

  #int16(value: number): void {
    this.#ensure(2)
    this.#slab[this.#at++] = value >>> 8
    this.#slab[this.#at++] = value
  }

  #int32(value: number): void {
    this.#ensure(4)
    writeInt32(this.#slab, this.#at, value)
    this.#at += 4
  }

  #ensure(bytes: number): void {
    if (this.#at + bytes <= this.#slab.length) return
    const pending = this.#slab.subarray(this.#taken, this.#at)
    const slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, (pending.length + bytes) * 2))
    slab.set(pending)
    this.#slab = slab
    this.#taken = 0
    this.#at = pending.length
  }
}

function isBytes(value: Encoded): value is Uint8Array {
  return typeof value === 'object' && value !== null
}

function writeInt32(to: Buffer, at: number, value: number): void {
  to[at] = value >>> 24
  to[at + 1] = value >>> 16
  to[at + 2] = value >>> 8
  to[at + 3] = value
}

// For short texts, such as keys and names, a loop is faster than a call into C++.
const shortText = 24

function writeText(to: Buffer, at: number, text: string): number {
  const { length } = text
  if (length > shortText) return to.write(text, at, 'utf8')
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return to.write(text, at, 'utf8')
    to[at + i] = code
  }
  return length
}
