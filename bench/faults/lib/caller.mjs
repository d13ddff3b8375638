import { Agent, request } from 'node:http'

/** Requests to one address over persistent connections; each resolves to `{ status, body }`. */
export function callerOf(address) {
  const [host, port] = address.split(':')
  const agent = new Agent({ keepAlive: true })
  const begin = (method, path, body) => {
    const headers = body ? { 'content-type': 'application/json' } : {}
    const sent = request({ host, port, agent, method, path, headers, timeout: 30_000 })
    sent.once('timeout', () => sent.destroy(new Error('no response within 30 s')))
    sent.end(body && JSON.stringify(body))
    return sent
  }
  return {
    /** Rejects when there is no response, or one that is not JSON. */
    send: (method, path, body) =>
      new Promise((resolve, reject) => {
        const sent = begin(method, path, body).once('error', reject)
        sent.once('response', async (response) => {
          try {
            const text = Buffer.concat(await response.toArray()).toString()
            resolve({ status: response.statusCode, body: JSON.parse(text) })
          } catch (error) {
            reject(error)
          }
        })
      }),
    /** Begins a request and hangs up after so many milliseconds. */
    hangUp: (path, afterMs) =>
      new Promise((resolve) => {
        const sent = begin('GET', path).once('close', resolve)
        sent.on('error', () => {}).on('response', (response) => response.on('error', () => {}).resume())
        setTimeout(() => sent.destroy(), afterMs)
      }),
    close: () => agent.destroy(),
  }
}

/** Rejects unless the response is a success; for load(). */
export async function succeeding(response) {
  const { status, body } = await response
  if (status !== 200) throw Object.assign(new Error(`${status} ${JSON.stringify(body)}`), { status })
}
