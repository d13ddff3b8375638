// Runs a command with the repository's own tools at hand and no input.
import { spawnSync } from 'node:child_process'
import { delimiter } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const PATH = [`${root}node_modules/.bin`, process.env.PATH].join(delimiter)

/** Whether it went well; what a quiet one printed is shown when it did not. */
export function run([command, ...args], { quiet = false, env = {} } = {}) {
  const output = quiet ? 'pipe' : 'inherit'
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env, PATH },
    stdio: ['ignore', output, output],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (quiet && status !== 0) process.stdout.write(`${stdout}${stderr}`)
  if (error) console.error(`${command}: ${error.message}`)
  return status === 0
}
