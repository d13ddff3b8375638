import { failed, milliseconds, percent } from '../lib/load.mjs'
import { get, killOne } from '../things/things.mjs'

export const number = 1
export const title = 'one of three is killed (GET)'

export async function run() {
  const { responses, lastAttemptMs } = await killOne((things, n) => get(things)(n))
  const share = failed(responses).length / responses.length
  return [
    [`failures of ${responses.length} calls`, percent(share), '0.01 %', share <= 0.0001],
    ['last attempt on the victim after', milliseconds(lastAttemptMs), '1000 ms', lastAttemptMs <= 1000],
  ]
}
