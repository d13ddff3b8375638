import { failed, load, milliseconds, percent, percentile } from '../lib/load.mjs'
import { get, rate, withInstances } from '../things/things.mjs'

export const number = 5
export const title = 'one of three is stopped for 10 s'

const timeoutMs = 500

export function run() {
  return withInstances(3, {}, async (instances, things) => {
    const [victim] = instances
    await load(rate, 3, get(things))
    victim.child.kill('SIGSTOP')
    const stopped = await load(rate, 10, (n) => things.getThing({ params: { id: n } }, { timeoutMs }))
    victim.child.kill('SIGCONT')
    const backMs = await untilItsShareIsBack(victim, things)
    const p99 = percentile(stopped, 99)
    return [
      ['p99 while it is stopped', milliseconds(p99), milliseconds(timeoutMs * 1.1), p99 <= timeoutMs * 1.1],
      ['failures while it is stopped', percent(failed(stopped).length / stopped.length), '', true],
      ['half of its share again after', milliseconds(backMs), 'one ejection, 31500 ms', backMs <= 31_500],
    ]
  })
}

async function untilItsShareIsBack(victim, things) {
  const from = performance.now()
  while (performance.now() - from < 60_000) {
    const before = victim.ran.length
    await load(rate, 1, get(things))
    if (victim.ran.length - before >= rate / 3 / 2) return performance.now() - from
  }
  return Number.POSITIVE_INFINITY
}
