import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

export const number = 21
export const title = 'requests made from the OpenAPI documents'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** The test of `npm test`, longer: services and generator are TypeScript, which vitest runs. */
export async function run() {
  const child = spawn('npx', ['vitest', 'run', 'test/openapi/requests.test.ts', '--reporter=json'], {
    cwd: root,
    env: { ...process.env, TRICUBE_TEST_REQUESTS: '10000' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const report = JSON.parse(await text(child.stdout))
  const [{ status, failureMessages, meta }] = report.testResults[0].assertionResults
  const { valid = 0, mutated = 0, statuses = {} } = meta.sent ?? {}
  const counts = Object.entries(statuses).map(([status, count]) => `${count} × ${status}`)
  const holds = status === 'passed'
  return [
    ['valid requests: a documented status, a body of its schema', `${valid} requests`, 'all', holds],
    ['requests with one thing wrong: 4xx', `${mutated} requests`, 'all', holds],
    ['responses', counts.join(', ') || failureMessages[0]?.split('\n')[0], 'no 5xx', holds],
  ]
}
