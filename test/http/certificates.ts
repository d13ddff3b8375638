import { generateKeyPairSync, randomBytes, sign as signature, type KeyObject } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate and its key: paths of PEM files. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** Options of a certificate besides its name. */
export interface Terms {
  /** The names, addresses and URIs that it is for. Default: 127.0.0.1 and localhost. */
  readonly hosts?: readonly string[]
  /** When it ends, as ASN.1 has it. Default: in 2049. */
  readonly end?: string
}

/** Who signs certificates; its files lie in a folder of its own. */
export interface Authority extends Certificate {
  readonly folder: string
  sign(name: string, terms?: Terms): Certificate
}

/** Makes a new certificate authority. */
export function authority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'tricube-tls-'))
  const write = (
    name: string,
    issuer: string,
    signer?: KeyObject,
    terms: Terms = {},
  ): Certificate & { privateKey: KeyObject } => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)]
    const der = certificate({ name, issuer, isAuthority: !signer, publicKey, signer: signer ?? privateKey, ...terms })
    writeFileSync(cert, `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`)
    writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }))
    return { cert, key, privateKey }
  }
  const { cert, key, privateKey } = write('root', 'root')
  const sign = (name: string, terms?: Terms): Certificate => {
    const signed = write(name, 'root', privateKey, terms)
    return { cert: signed.cert, key: signed.key }
  }
  return { cert, key, folder, sign }
}

interface Fields extends Terms {
  readonly name: string
  readonly issuer: string
  readonly isAuthority: boolean
  readonly publicKey: KeyObject
  readonly signer: KeyObject
}

/** RFC 5280, 4.1, in DER. */
function certificate({ name, issuer, isAuthority, publicKey, signer, ...terms }: Fields): Buffer {
  const { hosts = ['127.0.0.1', 'localhost'], end = '491231235959Z' } = terms
  const algorithm = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02)) // ecdsa-with-SHA256
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    commonName(issuer),
    sequence(time('250101000000Z'), time(end)),
    commonName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(isAuthority ? basicConstraints : alternativeNames(hosts))),
  )
  return sequence(body, algorithm, bits(signature('sha256', body, signer)))
}

const der = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}
const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts)
const oid = (...bytes: readonly number[]): Buffer => der(0x06, Buffer.from(bytes))
const bits = (bytes: Buffer): Buffer => der(0x03, Buffer.from([0]), bytes)
const time = (text: string): Buffer => der(0x17, Buffer.from(text))
const commonName = (name: string): Buffer =>
  sequence(der(0x31, sequence(oid(0x55, 0x04, 0x03), der(0x0c, Buffer.from(name)))))
const extension = (id: number, value: Buffer): Buffer => sequence(oid(0x55, 0x1d, id), der(0x04, value))
const basicConstraints = extension(0x13, sequence(der(0x01, Buffer.from([0xff]))))
const alternativeNames = (hosts: readonly string[]): Buffer => extension(0x11, sequence(...hosts.map(alternativeName)))
const alternativeName = (name: string): Buffer =>
  isIPv4(name) ? ipAddress(name) : der(/^[\w-]+:\/\//.test(name) ? 0x86 : 0x82, Buffer.from(name))
const ipAddress = (host: string): Buffer => der(0x87, Buffer.from(host.split('.').map(Number)))
