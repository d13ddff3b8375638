/** A service whose callee has no address. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contract, service } from 'tricube'
import { expect, it, onTestFinished, vi } from 'vitest'

const rooms = contract('rooms-service', { ping: { route: 'GET /ping' } })

it('is told which names TRICUBE_SERVICES has instead', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tricube-unknown-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  vi.stubEnv('LOG_LEVEL', 'warn')
  vi.stubEnv('TRICUBE_SERVICES', 'rooms=127.0.0.1:1')
  onTestFinished(() => void vi.unstubAllEnvs())
  const file = join(folder, 'log')
  const app = service(contract('booking-service', {}), { log: { file }, clients: { rooms }, handlers: {} })
  await app.listen()
  await app.close()
  expect(JSON.parse((await readFile(file, 'utf8')).split('\n')[0]!)).toMatchObject({
    callee: 'rooms-service',
    named: ['rooms'],
    msg: expect.stringContaining('no address is known') as string,
  })
})
