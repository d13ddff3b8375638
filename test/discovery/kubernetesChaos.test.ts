/**
 * An API server that does everything wrong at random, while pods come and go. TRICUBE_TEST_CHAOS_MS=600000 runs it for ten
 * minutes.
 */
import { setInterval } from 'node:timers/promises'
import { kubernetesRegistry, type Instance } from 'tricube/discovery'
import { fakeKubernetes, kubernetesMischief, type KubernetesFault } from 'tricube/testing'
import { expect, it, onTestFinished } from 'vitest'

const chaosMs = Number(process.env['TRICUBE_TEST_CHAOS_MS'] ?? 4000)
const seed = Number(process.env['TRICUBE_TEST_CHAOS_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const graceMs = 1000

it(
  `loses no instance, and keeps none for a second after the news of its end (seed ${seed})`,
  { timeout: chaosMs + 120_000 },
  async () => {
    const random = randomOf(seed)
    const cluster = await fakeKubernetes()
    onTestFinished(() => cluster[Symbol.asyncDispose]())
    const news = new News()
    const mischief = kubernetesMischief({ share: 0.5, longestMs: 400, random })
    cluster.fault = (request, next) => news.read(mischief(request, next))

    const anchors = [9001, 9002, 9003]
    for (const port of anchors) set(port)
    const alive = new Set<number>()
    let now: readonly Instance[] | undefined
    const problems = new Set<string>()
    const check = (): void => {
      if (!now) return
      const ports = new Set(now.map(({ port }) => port))
      for (const port of anchors) if (!ports.has(port)) problems.add(`lost ${port}`)
      for (const port of ports) {
        const goneFor = news.goneForMs(`pod-${port}`)
        if (goneFor > graceMs) problems.add(`still has ${port}, ${Math.round(goneFor)} ms after the news of its end`)
      }
    }
    const registry = kubernetesRegistry({ address: cluster.url, namespace: 'default' })
    onTestFinished(
      registry.watch('role-service', (instances) => {
        now = instances
        check()
      }),
    )

    const until = performance.now() + chaosMs
    let steps = 0
    for await (const _ of setInterval(25)) {
      if (performance.now() > until) break
      steps += 1
      const port = 8000 + Math.floor(random() * 20)
      if (alive.delete(port)) cluster.deleteSlice(`pod-${port}`)
      else {
        alive.add(port)
        set(port)
      }
      if (random() < 0.05) cluster.cut()
      if (random() < 0.05) cluster.compact()
      if (random() < 0.02) {
        await cluster.stop()
        await cluster.start()
      }
      check()
    }
    expect([...problems]).toEqual([])
    expect(steps).toBeGreaterThan(chaosMs / 200)

    cluster.fault = undefined // and then the truth is known again
    const truth = [...alive, ...anchors].toSorted((a, b) => a - b)
    await expect.poll(() => now?.map(({ port }) => port).toSorted((a, b) => a - b), { timeout: 60_000 }).toEqual(truth)

    function set(port: number): void {
      const endpoints = [{ addresses: ['127.0.0.1'] }]
      cluster.setSlice(`pod-${port}`, { service: 'role-service', endpoints, ports: [{ name: 'http', port }] })
    }
  },
)

/** What the API has told: it reads every response on its way to the registry. */
class News {
  readonly #goneAt = new Map<string, number>()

  /** Milliseconds since the news that a slice is gone; 0 while it is there. */
  goneForMs(name: string): number {
    return performance.now() - (this.#goneAt.get(name) ?? Number.POSITIVE_INFINITY)
  }

  async read(response: ReturnType<KubernetesFault>): Promise<Awaited<ReturnType<KubernetesFault>>> {
    const { body, ...rest } = await response
    return { ...rest, body: this.#lines(body) }
  }

  async *#lines(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let text = ''
    for await (const chunk of body) {
      yield chunk
      const parts = (text + Buffer.from(chunk).toString()).split('\n')
      text = parts.pop()!
      for (const line of parts) this.#note(line)
    }
  }

  #note(line: string): void {
    if (!line.startsWith('{')) return
    const { type, object, items = [] } = JSON.parse(line) as Line
    for (const { metadata } of items) this.#goneAt.delete(metadata.name)
    const name = object?.metadata?.name ?? ''
    if (type === 'DELETED') this.#goneAt.set(name, performance.now())
    else if (type === 'ADDED' || type === 'MODIFIED') this.#goneAt.delete(name)
  }
}

/** An event of a watch, or a list. */
interface Line {
  readonly type?: string
  readonly object?: { readonly metadata?: { readonly name?: string } }
  readonly items?: readonly { readonly metadata: { readonly name: string } }[]
}

/** Mulberry32: the same seed, the same chaos. */
function randomOf(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
