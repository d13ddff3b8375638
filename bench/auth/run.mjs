/**
 * What auth adds to a request.
 *
 *   npm run build && node bench/auth/run.mjs
 *
 * 1. CPU of a request with a token that was verified before, as a multiple of the same request to a public operation. Both
 *    carry the token. They take turns on one process under wrk. The cheapest turns of each count, since whatever else runs
 *    can only add to one.
 * 2. Time to accept a new ES256 token, as a multiple of jose's own verification. Both take turns in this process.
 *
 * 3. CPU of a request with an API key, as the first. Its key is looked up in PostgreSQL, whose CPU does not count.
 *
 * It fails when the first is above 1.05, the second above 1.2, or the third above 2.5.
 */
import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { startPostgres } from '../../dist/testing/index.js'
import { internals } from '../internals.mjs'

const limits = { cached: 1.05, fresh: 1.2, keyed: 2.5 }
const issuer = 'https://id.example.com'
const audience = 'user-service'
const { privateKey, publicKey } = await generateKeyPair('ES256')
const jwk = { ...(await exportJWK(publicKey)), kid: 'main', alg: 'ES256' }
const sign = (jti) =>
  new SignJWT({ scope: 'users:read users:write', jti, name: 'Li Lei', email: 'li.lei@example.com' })
    .setProtectedHeader({ alg: 'ES256', kid: 'main', typ: 'at+jwt' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject('7')
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(privateKey)

console.log(`Node ${process.version}`)
const { mine, keyed } = await cached()
report('request with a cached token, × public', mine, limits.cached)
report('request with an API key, × public', keyed, limits.keyed)
report('new ES256 token, × jose', await fresh(), limits.fresh)

/** The CPU of a request for a user, and for an API key, as multiples of that of a public one. */
async function cached({ rounds = 20, seconds = 1 } = {}) {
  const postgres = await startPostgres()
  const env = {
    ...process.env,
    PORT: '0',
    LOG_LEVEL: 'info',
    PUBLIC_KEY: JSON.stringify(jwk),
    NODE_ENV: 'production',
    DATABASE_URL: postgres.url(),
  }
  const file = fileURLToPath(new URL('service.mjs', import.meta.url))
  const child = fork(file, { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const [{ url, key }] = await once(child, 'message')
  const headers = [`authorization: Bearer ${await sign('one')}`, `x-api-key: ${key}`].flatMap((one) => ['-H', one])
  const cpuUs = async () => {
    child.send('cpu')
    return (await once(child, 'message'))[0].cpuUs
  }
  const turn = async (path) => {
    const before = await cpuUs()
    const { stdout } = await promisify(execFile)('wrk', ['-t1', '-c8', `-d${seconds}s`, ...headers, url + path])
    if (/Non-2xx/.test(stdout)) throw new Error(stdout)
    return ((await cpuUs()) - before) / Number(/(\d+) requests in/.exec(stdout)[1])
  }
  const paths = ['/open/1', '/mine/1', '/keyed/1']
  for (const path of [...paths, ...paths]) await turn(path)
  const costs = Object.fromEntries(paths.map((path) => [path, []]))
  for (let round = 0; round < rounds; round++) {
    for (const path of round % 2 === 0 ? paths : paths.toReversed()) costs[path].push(await turn(path))
  }
  child.disconnect()
  await once(child, 'exit')
  await postgres.stop()
  const [open, mine, keyed] = paths.map((path) => cheap(costs[path]))
  return { mine: mine / open, keyed: keyed / open }
}

/** The time to accept a new token, as a multiple of jose's. */
async function fresh({ rounds = 60, tokens = 50 } = {}) {
  const { jwt } = await internals('auth/jwt/jwt.ts')
  const authenticator = jwt({ issuer, audience, keys: [jwk] }).open({ service: audience })
  const own = (token) =>
    authenticator.authenticate({ headers: { authorization: `Bearer ${token}` }, raw: { rawHeaders: [], socket: {} } })
  const options = { issuer, audience, algorithms: ['ES256'], clockTolerance: 30, requiredClaims: ['exp'] }
  const theirs = (token) => jwtVerify(token, publicKey, options)
  const costs = new Map([
    [own, []],
    [theirs, []],
  ])
  for (let round = 0; round < rounds; round++) {
    const fresh = await Promise.all(Array.from({ length: tokens }, (_, i) => sign(`${round}-${i}`)))
    const order = round % 2 === 0 ? [own, theirs] : [theirs, own]
    for (const verify of order) {
      const began = performance.now()
      for (const token of fresh) if ('failure' in (await verify(token))) throw new Error('rejected')
      costs.get(verify).push(performance.now() - began)
    }
  }
  return cheap(costs.get(own)) / cheap(costs.get(theirs))
}

function cheap(values) {
  const [, second, third] = values.toSorted((a, b) => a - b)
  return (second + third) / 2
}

function report(name, ratio, limit) {
  if (ratio > limit) process.exitCode = 1
  console.log(`${ratio > limit ? 'FAILED' : 'ok    '} ${name}: ${ratio.toFixed(3)}, at most ${limit}`)
}
