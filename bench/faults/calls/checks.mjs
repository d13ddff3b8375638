// The checks, by name: each resolves to rows of `[what, measured, bound, holds]`.
import { client } from 'tricube/client'
import { staticRegistry } from 'tricube/discovery'
import { thingService } from './contract.mjs'
import { portOf, startInstance, startInstances } from './instances.mjs'
import { after, failed, load, percentile, watchSending } from './load.mjs'

const rate = 400
const percent = (share) => `${(share * 100).toFixed(2)} %`
const ms = (value) => `${value.toFixed(0)} ms`

export const checks = {
  /** One of three is killed under load of GETs. */
  async 'kill -9, GET'() {
    const results = await killed((things, n) => things.getThing({ params: { id: n } }))
    const share = failed(results.answers).length / results.answers.length
    return [
      [`failures of ${results.answers.length} calls`, percent(share), '0.01 %', share <= 0.0001],
      ['last attempt on the victim after', ms(results.lastAttemptMs), '1000 ms', results.lastAttemptMs <= 1000],
    ]
  },

  /** One of three is killed under load of POSTs. */
  async 'kill -9, POST'() {
    const results = await killed((things, n) => things.addThing({ body: { id: n } }))
    const failures = failed(results.answers).length
    const twice = results.ran.length - new Set(results.ran).size
    const ran = new Set(results.ran)
    const lost = results.answers.filter(({ error }, n) => !error && !ran.has(n)).length
    return [
      [
        `failures of ${results.answers.length} calls`,
        failures,
        `${results.inFlight} in flight`,
        failures <= results.inFlight,
      ],
      ['effects that happened twice', twice, 0, twice === 0],
      ['acknowledged and lost', lost, 0, lost === 0],
    ]
  },

  /** One of three is stopped for 10 s, then continues. */
  async SIGSTOP() {
    const timeoutMs = 500
    return withInstances(3, {}, async (instances, things) => {
      const [victim] = instances
      await load(rate, 3, get(things))
      victim.child.kill('SIGSTOP')
      const stopped = await load(rate, 10, (n) => things.getThing({ params: { id: n } }, { timeoutMs }))
      victim.child.kill('SIGCONT')
      const from = performance.now()
      let backMs = Number.POSITIVE_INFINITY
      while (performance.now() - from < 60_000) {
        const [before, seconds] = [victim.ran.length, 1]
        await load(rate, seconds, get(things))
        if (victim.ran.length - before < (rate * seconds) / 3 / 2) continue
        backMs = performance.now() - from
        break
      }
      const p99 = percentile(stopped, 99)
      return [
        ['p99 while it is stopped', ms(p99), ms(timeoutMs * 1.1), p99 <= timeoutMs * 1.1],
        ['failures while it is stopped', percent(failed(stopped).length / stopped.length), '', true],
        ['half of its share again after', ms(backMs), 'one ejection, 31500 ms', backMs <= 31_500],
      ]
    })
  },

  /** One of three is slower by 200 ms; three are equal. */
  async 'slow one'() {
    const shares = (instances) => instances.map(({ ran }) => ran.length / instances.flatMap((one) => one.ran).length)
    const equal = await withInstances(3, {}, async (instances, things) => {
      await load(rate, 20, get(things))
      return shares(instances)
    })
    const [slow] = await withInstances(3, {}, async (instances, things) => {
      instances[0].tell({ slowerMs: 200 })
      await load(rate, 20, get(things))
      return shares(instances)
    })
    return [
      ['share of the slow one', percent(slow), '5 %', slow <= 0.05],
      [
        'shares of three equal ones',
        equal.map(percent).join(', '),
        '33 % ± 3',
        equal.every((share) => Math.abs(share - 1 / 3) <= 0.03),
      ],
    ]
  },

  /** A backend that answers 503 only: called directly, and as the last of three. */
  async 'all 503'() {
    const rows = []
    for (const [what, length] of [
      ['one service', 1],
      ['a chain of three', 3],
    ]) {
      const last = await startInstance()
      const all = [last]
      while (all.length < length) {
        all.unshift(await startInstance({ CALLS_NEXT: 'yes', TRICUBE_SERVICES: `thing-service=${all[0].address}` }))
      }
      const things = connect([all[0]])
      last.tell({ unavailable: true })
      const calls = await load(200, 15, get(things))
      for (const instance of all) await instance.kill()
      await things[Symbol.asyncDispose]()
      const amplification = last.ran.length / calls.length
      rows.push([`calls that ${what} gets for each`, amplification.toFixed(3), 1.1, amplification <= 1.1])
    }
    return rows
  },

  /** All three instances are down for 60 s. */
  async 'down for 60 s'() {
    const instances = await startInstances(3)
    const things = connect(instances)
    await load(rate, 5, get(things))
    for (const instance of instances) await instance.kill()
    await load(rate, 10, get(things))
    const sending = watchSending()
    const down = await load(rate, 50, get(things))
    sending.stop()
    const passed = sending.attempts.length / down.length
    const again = await Promise.all(instances.map((one) => startInstance({ PORT: String(portOf(one)) })))
    const back = await load(rate, 10, get(things))
    for (const instance of again) await instance.kill()
    await things[Symbol.asyncDispose]()
    const lastFailure = failed(back).at(-1)
    const recoveredMs = lastFailure ? lastFailure.at - back[0].at : 0
    return [
      ['attempts for each call after 10 s', percent(passed), '10 %', passed <= 0.1],
      ['last failure after it is back', ms(recoveredMs), '5000 ms', recoveredMs <= 5000],
    ]
  },

  /** Callers hang up, one by one and by the thousand. */
  async 'hang up'() {
    return withInstances(1, {}, async ([instance], things) => {
      const late = []
      for (let n = 0; n < 200; n++) {
        const controller = new AbortController()
        const waiting = new Promise((resolve) => (instance.onMessage = resolve))
        const call = things.wait({}, { signal: controller.signal }).catch(() => {})
        await waiting
        const heard = new Promise((resolve) => (instance.onMessage = resolve))
        const hungUpAt = performance.timeOrigin + performance.now()
        controller.abort()
        late.push({ ms: (await heard).heardAt - hungUpAt })
        await call
      }
      instance.onMessage = () => {}
      for (let n = 0; n < 200; n++) {
        const signal = AbortSignal.timeout(20)
        await Promise.allSettled(Array.from({ length: 50 }, () => things.wait({}, { signal })))
      }
      const calls = await load(rate, 2, get(things))
      return [
        [
          'the handler hears it after, p99',
          `${percentile(late, 99).toFixed(1)} ms`,
          '50 ms',
          percentile(late, 99) <= 50,
        ],
        ['failures after 10,000 such', failed(calls).length, 0, failed(calls).length === 0],
      ]
    })
  },
}

const connect = (instances) =>
  client(thingService, {
    registry: staticRegistry({ 'thing-service': instances.map(({ address }) => address) }),
    checkAnswers: false,
  })
const get = (things) => (n) => things.getThing({ params: { id: n } })

async function withInstances(count, env, run) {
  const instances = await startInstances(count, env)
  const things = connect(instances)
  try {
    return await run(instances, things)
  } finally {
    for (const instance of instances) await instance.kill()
    await things[Symbol.asyncDispose]()
  }
}

/** Kills one of three after 5 s of 30. */
async function killed(call) {
  return withInstances(3, {}, async (instances, things) => {
    const [victim] = instances
    const sending = watchSending()
    const answered = load(rate, 30, (n) => call(things, n))
    await after(5000)
    const inFlight = sending.inFlightAtNextError(portOf(victim))
    victim.child.kill('SIGKILL')
    const killedAt = performance.now()
    const answers = await answered
    sending.stop()
    const last = sending.attempts.findLast(({ at, port }) => port === portOf(victim) && at < killedAt + 20_000)
    if (process.env.EXPLAIN) explain(answers)
    return {
      answers,
      inFlight: await Promise.race([inFlight, 0]),
      lastAttemptMs: Math.max(0, last.at - killedAt),
      ran: instances.flatMap(({ ran }) => ran),
    }
  })
}

/** Why calls failed, for whoever wants to know: EXPLAIN=1. */
function explain(answers) {
  const kinds = {}
  for (const { error, at } of failed(answers)) {
    const kind = `${error.error} (${error.cause?.code ?? error.cause?.message ?? ''})`
    kinds[kind] ??= { count: 0, firstMs: Math.round(at - answers[0].at) }
    kinds[kind].count += 1
    kinds[kind].lastMs = Math.round(at - answers[0].at)
  }
  console.error(kinds)
}
