import { load, percent } from '../lib/load.mjs'
import { get, rate, withInstances } from '../things/things.mjs'

export const number = 6
export const title = 'one of three is slower by 200 ms'

export async function run() {
  const equal = await sharesWith(0)
  const [slow] = await sharesWith(200)
  return [
    ['share of the slow one', percent(slow), '5 %', slow <= 0.05],
    [
      'shares of three equal ones',
      equal.map(percent).join(', '),
      '33 % ± 3',
      equal.every((share) => Math.abs(share - 1 / 3) <= 0.03),
    ],
  ]
}

function sharesWith(slowerMs) {
  return withInstances(3, {}, async (instances, things) => {
    instances[0].tell({ slowerMs })
    await load(rate, 20, get(things))
    return instances.map(({ ran }) => ran.length / instances.flatMap((one) => one.ran).length)
  })
}
