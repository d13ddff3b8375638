import { failed } from '../lib/load.mjs'
import { killOne } from '../things/things.mjs'

export const number = 2
export const title = 'one of three is killed (POST)'

export async function run() {
  const { responses, inFlight, ran } = await killOne((things, n) => things.addThing({ body: { id: n } }))
  const failures = failed(responses).length
  const effects = new Set(ran)
  const twice = ran.length - effects.size
  const lost = responses.filter(({ error }, n) => !error && !effects.has(n)).length
  return [
    [`failures of ${responses.length} calls`, `${failures}`, `${inFlight} in flight`, failures <= inFlight],
    ['effects that happened twice', `${twice}`, '0', twice === 0],
    ['acknowledged and lost', `${lost}`, '0', lost === 0],
  ]
}
