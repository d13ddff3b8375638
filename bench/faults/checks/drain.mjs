// SIGTERM under load, and rolling restarts: no request fails.
import { consulRegistry } from 'tricube/discovery'
import { fakeConsul } from 'tricube/testing'
import { after, failed, load } from '../lib/load.mjs'
import { laneCaller, plainCaller, stubbornCaller, tricubeCaller } from '../drain/callers.mjs'
import { startInstance } from '../drain/instance.mjs'

export const number = 3
export const title = 'SIGTERM under keep-alive load'

/** Calls a second, of each caller. */
const rate = 50

/** Three rolling restarts; `full` is ten. */
export async function run({ full }) {
  return [...(await oneStop()), ...(await rolling(full ? 10 : 3))]
}

/** One instance is stopped while its only caller goes on. */
async function oneStop() {
  const instance = await startInstance()
  const caller = stubbornCaller(instance.url)
  await load(rate, 1, caller.call)
  const calls = load(rate, 5, caller.call)
  await after(2000)
  const { code } = await instance.stop()
  const responses = await calls
  caller.close()
  explain('one stop', responses)
  const failures = failed(responses).length
  return [
    [`failures of ${responses.length} calls, one instance`, String(failures), '0', failures === 0],
    ['its exit code', String(code), '0', code === 0],
  ]
}

/** Three are restarted one after the other, under the load of three callers, which have heard of one before the next goes. */
async function rolling(restarts) {
  const consul = await fakeConsul()
  const heard = []
  /** A caller's registry, which says whom it has heard of. */
  const heeded = () => {
    const registry = consulRegistry({ address: consul.url })
    const index = heard.push(new Set()) - 1
    const watch = (service, onChange) =>
      registry.watch(service, (all) => {
        heard[index] = new Set(all.map(({ port }) => port))
        onChange(all)
      })
    return { ...registry, watch }
  }
  const env = { CONSUL_HTTP_ADDR: consul.url }
  const instances = [
    await startInstance(undefined, env),
    await startInstance(undefined, env),
    await startInstance(undefined, env),
  ]
  const urls = instances.map(({ url }) => url)
  const callers = {
    tricube: tricubeCaller(heeded()),
    'tricube on lanes': laneCaller(heeded()),
    plain: plainCaller(urls),
  }
  await Promise.all(Object.values(callers).map(({ call }) => load(rate, 2, call))) // the first calls of a process are slow
  let isOver = false
  const loads = Object.entries(callers).map(async ([name, { call }]) => {
    const responses = []
    while (!isOver) responses.push(...(await load(rate, 1, call)))
    return [name, responses]
  })
  const codes = []
  for (let n = 0; n < restarts; n++) {
    for (const [i, instance] of instances.entries()) {
      codes.push((await instance.stop()).code)
      instances[i] = await startInstance(instance.port, env)
      while (!heard.every((ports) => ports.has(instance.port))) await after(50) // a caller asks Consul four times a minute at most
    }
  }
  isOver = true
  const results = await Promise.all(loads)
  for (const { close } of Object.values(callers)) await close()
  for (const instance of instances) await instance.stop('SIGKILL')
  await consul[Symbol.asyncDispose]()
  const rows = results.map(([name, responses]) => {
    explain(name, responses)
    const failures = failed(responses).length
    return [
      `failures of ${responses.length} calls, ${name}, ${restarts} rolling restarts`,
      String(failures),
      '0',
      failures === 0,
    ]
  })
  const others = codes.filter((code) => code !== 0).length
  return [...rows, [`exit codes other than 0, of ${codes.length}`, String(others), '0', others === 0]]
}

/** Why calls failed, for whoever wants to know: EXPLAIN=1. */
function explain(name, responses) {
  if (!process.env.EXPLAIN) return
  for (const { error, at } of failed(responses)) {
    console.error(
      `${name} after ${Math.round(at - responses[0].at)} ms: ${error.message} ${error.cause?.code ?? error.cause?.message ?? error.code ?? ''}`,
    )
  }
}
