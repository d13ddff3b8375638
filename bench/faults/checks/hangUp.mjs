import { failed, load, percentile } from '../lib/load.mjs'
import { rate, withInstances } from '../things/things.mjs'

export const number = 11
export const title = 'callers hang up'

export function run() {
  return withInstances(1, {}, async ([instance], things) => {
    const late = []
    for (let n = 0; n < 200; n++) late.push({ ms: await hearingMs(instance, things) })
    instance.onMessage = () => {}
    for (let n = 0; n < 200; n++) {
      const signal = AbortSignal.timeout(20)
      await Promise.allSettled(Array.from({ length: 50 }, () => things.wait({}, { signal })))
    }
    const calls = await load(rate, 2, (n) => things.getThing({ params: { id: n } }))
    const p99 = percentile(late, 99)
    const failures = failed(calls).length
    return [
      ['the handler hears it after, p99', `${p99.toFixed(1)} ms`, '50 ms', p99 <= 50],
      ['failures after 10,000 such', `${failures}`, '0', failures === 0],
    ]
  })
}

/** Between hanging up and the handler's hearing of it. */
async function hearingMs(instance, things) {
  const nextMessage = () => new Promise((resolve) => (instance.onMessage = resolve))
  const controller = new AbortController()
  const waiting = nextMessage()
  const call = things.wait({}, { signal: controller.signal }).catch(() => {})
  await waiting
  const heard = nextMessage()
  const hungUpAt = performance.timeOrigin + performance.now()
  controller.abort()
  const { heardAt } = await heard
  await call
  return heardAt - hungUpAt
}
