/** A NATS operator with one account and one user, made by hand: what `nsc` makes. */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Makes the configuration of a server, and the `.creds` file of a user. */
export function natsLogin(): { readonly config: string; readonly credentials: string } {
  const [operator, system, account, user] = [newKey(14), newKey(0), newKey(0), newKey(20)]
  const operatorJwt = jwt(operator, operator, 'operator', { type: 'operator', version: 2 })
  const unlimited = { subs: -1, data: -1, payload: -1 }
  const limits = { ...unlimited, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 }
  const storage = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 }
  const accountJwt = jwt(account, operator, 'orders', {
    type: 'account',
    version: 2,
    limits: { ...limits, ...storage },
    default_permissions: { pub: {}, sub: {} },
  })
  const userJwt = jwt(user, account, 'orders', { type: 'user', version: 2, pub: {}, sub: {}, ...unlimited })
  const file = join(mkdtempSync(join(tmpdir(), 'tricube-creds-')), 'orders.creds')
  const block = (name: string, text: string): string => `-----BEGIN ${name}-----\n${text}\n------END ${name}------\n\n`
  writeFileSync(file, block('NATS USER JWT', userJwt) + block('USER NKEY SEED', user.seed))
  const systemJwt = jwt(system, operator, 'SYS', { type: 'account', version: 2, limits })
  const preload = `system_account: ${system.id}\nresolver_preload: { ${account.id}: ${accountJwt}, ${system.id}: ${systemJwt} }`
  return { config: `operator: ${operatorJwt}\nresolver: MEMORY\n${preload}`, credentials: file }
}

interface Key {
  readonly id: string
  readonly seed: string
  readonly privateKey: KeyObject
}

/** A key of https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth; `prefix` is its role. */
function newKey(prefix: number): Key {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url')
  const secret = Buffer.from(privateKey.export({ format: 'jwk' }).d!, 'base64url')
  const role = prefix << 3
  const seedPrefix = 18 << 3
  return {
    id: encoded(Buffer.from([role]), raw),
    seed: encoded(Buffer.from([seedPrefix | (role >> 5), (role & 31) << 3]), secret),
    privateKey,
  }
}

function jwt(subject: Key, issuer: Key, name: string, nats: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { jti: name, iat: 1_700_000_000, iss: issuer.id, name, sub: subject.id, nats }
  const text = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part(claims)}`
  return `${text}.${sign(null, Buffer.from(text), issuer.privateKey).toString('base64url')}`
}

/** Base32 with a checksum. */
function encoded(...parts: Buffer[]): string {
  const data = Buffer.concat(parts)
  const sum = Buffer.alloc(2)
  sum.writeUInt16LE(crc16(data))
  let bits = ''
  for (const byte of Buffer.concat([data, sum])) bits += byte.toString(2).padStart(8, '0')
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  return bits
    .match(/.{1,5}/g)!
    .map((five) => alphabet[Number.parseInt(five.padEnd(5, '0'), 2)])
    .join('')
}

/** CRC-16/XMODEM. */
function crc16(data: Buffer): number {
  let crc = 0
  for (const byte of data) {
    crc ^= byte << 8
    for (let i = 0; i < 8; i++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff
  }
  return crc
}
