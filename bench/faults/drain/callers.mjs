// Callers of the same instances: each `call(n)` rejects when its request fails.
import { Agent, request } from 'node:http'
import { client } from 'tricube/client'
import { jobService } from './contract.mjs'
import { isReady } from './instance.mjs'

/**
 * tricube's own, which hears of instances from a registry. It retries no POST that may have been received. Slowness is no
 * matter here, so it waits for long.
 */
export function tricubeCaller(registry) {
  const jobs = client(jobService, { registry, checkResponses: false })
  return {
    call: (n) => jobs.addJob({ body: { id: n } }, { timeoutMs: 30_000 }),
    close: () => jobs[Symbol.asyncDispose](),
  }
}

/** The same with a GET, whose calls share connections. Each response has to be its own. */
export function laneCaller(registry) {
  const jobs = client(jobService, { registry })
  return {
    async call(n) {
      const id = await jobs.getJob({ params: { id: n } }, { timeoutMs: 30_000 })
      if (id !== n) throw new Error(`call ${n} got the response of ${id}`)
    },
    close: () => jobs[Symbol.asyncDispose](),
  }
}

/**
 * What a plain load balancer does: keeps connections, takes turns, retries nothing. It leaves an instance when a response
 * says `connection: close`, and comes back when its health check, every 100 ms, says that it is ready.
 */
export function plainCaller(urls) {
  const instances = urls.map((url) => ({ url, agent: new Agent({ keepAlive: true }), isUsed: true }))
  const checks = setInterval(async () => {
    for (const instance of instances) if (!instance.isUsed) instance.isUsed = await isReady(instance.url)
  }, 100)
  let turn = 0
  return {
    async call(n) {
      const used = instances.filter(({ isUsed }) => isUsed)
      const instance = used[turn++ % used.length]
      const { status, ends } = await post(instance, JSON.stringify({ id: n }))
      if (ends) instance.isUsed = false
      if (status !== 200) throw new Error(`responded with ${status}`)
    },
    close() {
      clearInterval(checks)
      for (const { agent } of instances) agent.destroy()
    },
  }
}

/** One that has nowhere else to go: it calls the one instance until nobody listens there; resolves to false then. */
export function stubbornCaller(url) {
  const instance = { url, agent: new Agent({ keepAlive: true }) }
  return {
    async call(n) {
      try {
        const { status } = await post(instance, JSON.stringify({ id: n }))
        if (status !== 200) throw new Error(`responded with ${status}`)
        return true
      } catch (error) {
        if (error.code === 'ECONNREFUSED') return false
        throw error
      }
    },
    close: () => instance.agent.destroy(),
  }
}

function post({ url, agent }, body) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const outgoing = request(`${url}/jobs`, { agent, method: 'POST', headers }, (response) => {
      response
        .on('error', reject)
        .on('end', () => resolve({ status: response.statusCode, ends: response.headers.connection === 'close' }))
      response.resume()
    })
    outgoing.on('error', reject).end(body)
  })
}
