/** How a registry logs in to the API of Kubernetes, over HTTP. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kubernetesRegistry, type Instance } from 'tricube/discovery'
import { fakeKubernetes } from 'tricube/testing'
import { expect, it, onTestFinished, vi } from 'vitest'

const slice = (address: string) => ({
  service: 'role-service',
  endpoints: [{ addresses: [address] }],
  ports: [{ name: 'http', port: 8020 }],
})

it('reads its token again for each request', { timeout: 60_000 }, async () => {
  await using cluster = await fakeKubernetes()
  const folder = await mkdtemp(join(tmpdir(), 'tricube-token-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const tokenFile = join(folder, 'token')
  await writeFile(tokenFile, 'first\n')
  cluster.token = 'first'
  cluster.setSlice('a', slice('10.0.0.1'))
  const warn = vi.fn()
  const log = { warn, info() {}, error() {} } as never
  let now: readonly Instance[] | undefined
  const registry = kubernetesRegistry({ address: cluster.url, namespace: 'default', tokenFile, log })
  onTestFinished(registry.watch('role-service', (instances) => void (now = instances)))
  await expect.poll(() => now?.length).toBe(1)

  cluster.token = 'second' // the kubelet has renewed it
  cluster.cut()
  cluster.setSlice('b', slice('10.0.0.2'))
  await vi.waitFor(() => expect(warn).toHaveBeenCalled(), 20_000)
  expect(now).toHaveLength(1)
  await writeFile(tokenFile, 'second\n')
  await expect.poll(() => now?.length, { timeout: 40_000 }).toBe(2)
})
