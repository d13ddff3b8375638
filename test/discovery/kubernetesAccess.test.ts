/** How a registry logs in to the API of Kubernetes, over HTTP. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { kubernetesRegistry, type Instance } from 'tricube/discovery'
import { fakeKubernetes } from 'tricube/testing'
import { expect, it, onTestFinished, vi } from 'vitest'
import { authority, type Authority } from '../http/certificates.ts'

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

it('reads its authority again, and believes no other one', { timeout: 60_000 }, async () => {
  await using cluster = await fakeKubernetes()
  const [first, second] = [authority(), authority()]
  const caFile = join(first.folder, 'ca.crt')
  await copyFile(first.cert, caFile)
  await using tls = await inTls(cluster.url, first)
  cluster.setSlice('a', slice('10.0.0.1'))
  const warn = vi.fn()
  const log = { warn, info() {}, error() {} } as never
  let now: readonly Instance[] | undefined
  const registry = kubernetesRegistry({ address: tls.url, namespace: 'default', caFile, log })
  onTestFinished(registry.watch('role-service', (instances) => void (now = instances)))
  await expect.poll(() => now?.length).toBe(1)

  tls.renew(second) // the cluster has another authority now
  cluster.setSlice('b', slice('10.0.0.2'))
  await vi.waitFor(() => expect(warn).toHaveBeenCalled(), 20_000)
  expect(now).toHaveLength(1)
  await copyFile(second.cert, caFile)
  await expect.poll(() => now?.length, { timeout: 40_000 }).toBe(2)
})

/** Serves an address over TLS. `renew` takes a certificate of another authority, and cuts all connections. */
async function inTls(
  url: string,
  from: Authority,
): Promise<AsyncDisposable & { readonly url: string; renew(by: Authority): void }> {
  const files = ({ cert, key }: ReturnType<Authority['sign']>) => ({ cert: readFileSync(cert), key: readFileSync(key) })
  const sockets = new Set<Socket>()
  const cut = (): void => sockets.forEach((socket) => socket.destroy())
  const server = createServer(files(from.sign('api')), (socket) => {
    const inner = connect(Number(new URL(url).port), '127.0.0.1')
    for (const one of [socket, inner]) {
      sockets.add(one)
      one.on('error', () => {}).on('close', end)
    }
    socket.pipe(inner).pipe(socket)
    function end(): void {
      socket.destroy()
      inner.destroy()
    }
  })
  server.on('tlsClientError', () => {})
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    renew(by) {
      server.setSecureContext(files(by.sign('api')))
      cut()
    },
    async [Symbol.asyncDispose]() {
      server.close()
      cut()
    },
  }
}
