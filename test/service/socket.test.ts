import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contract, service, t, type Service } from 'tricube'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

const pings = contract('ping-service', { ping: { route: 'GET /ping', returns: t.String() } })
const path = join(mkdtempSync(join(tmpdir(), 'tricube-socket-')), 'ping.sock')
const open: Service[] = []
const make = (): Service<typeof pings> => {
  const app = service(pings, { handlers: { ping: () => 'pong' } })
  open.push(app)
  return app
}
beforeEach(() => {
  vi.stubEnv('LOG_LEVEL', 'silent')
  vi.stubEnv('HOST', `unix:${path}`)
})
afterEach(async () => {
  for (const app of open.splice(0)) await app.close()
})

it('listens on a socket for its owner and group, and removes it when it stops', async () => {
  const app = make()
  expect((await app.listen()).url).toBe(`unix:${path}`)
  const [response] = (await once(get({ socketPath: path, path: '/ping' }), 'response')) as [IncomingMessage]
  expect(response.statusCode).toBe(200)
  response.resume()
  expect((statSync(path).mode & 0o777).toString(8)).toBe('660')
  await app.close()
  expect(existsSync(path)).toBe(false)
})

it('replaces the socket of a process that has died, and no other', async () => {
  const code = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('listening'))`
  const other = spawn(process.execPath, ['-e', code])
  await once(other.stdout, 'data')
  await expect(make().listen()).rejects.toThrow('is the socket of another running process: choose another path')
  other.kill('SIGKILL')
  await once(other, 'exit')
  expect(existsSync(path)).toBe(true)
  await make().listen()
})

it('does not replace a file that is not a socket', async () => {
  const file = `${path}.txt`
  writeFileSync(file, 'precious')
  vi.stubEnv('HOST', `unix:${file}`)
  await expect(make().listen()).rejects.toThrow('already exists and is not a socket: choose another path')
  expect(existsSync(file)).toBe(true)
})
