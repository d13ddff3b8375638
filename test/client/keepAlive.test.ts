import { once } from 'node:events'
import type { Socket } from 'node:net'
import { client } from 'tricube/client'
import { afterEach, expect, it, vi } from 'vitest'
import { callee, memoryRegistry, productService } from './callee.ts'

const get = { params: { id: 1 } }
afterEach(() => void vi.useRealTimers())

it('closes an idle connection after 30 s, before any server or load balancer does', async () => {
  const a = await callee('a')
  a.server.keepAliveTimeout = 72_000 // the default of a service; undici would use a shorter one
  const sockets: Socket[] = []
  a.server.on('connection', (socket) => sockets.push(socket))
  await using caller = client(productService, { registry: memoryRegistry(a.address) })
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })

  await caller.getProduct(get)
  await vi.advanceTimersByTimeAsync(29_000)
  await caller.getProduct(get)
  expect(sockets).toHaveLength(1)

  const closed = once(sockets[0]!, 'close')
  await vi.advanceTimersByTimeAsync(31_500) // undici checks its timers every half second
  await closed
  await caller.getProduct(get)
  expect(sockets).toHaveLength(2)
})
