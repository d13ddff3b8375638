import { portOf } from '../lib/child.mjs'
import { failed, load, milliseconds, percent } from '../lib/load.mjs'
import { watchSending } from '../lib/sending.mjs'
import { connect, get, rate, startInstance, startInstances } from '../things/things.mjs'

export const number = 9
export const title = 'all three are down for 60 s'

export async function run() {
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
    ['last failure after they are back', milliseconds(recoveredMs), '5000 ms', recoveredMs <= 5000],
  ]
}
