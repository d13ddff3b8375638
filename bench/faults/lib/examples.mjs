// The example services as `tricube start` runs them.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { migrate } from 'tricube/migrations'
import { database } from 'tricube/sql'
import { startChild } from './child.mjs'

const root = new URL('../../../', import.meta.url)
const command = fileURLToPath(new URL('dist/cli/main.js', root))
const probe = new URL('probe.mjs', import.meta.url).href

/** Makes an example's database, with its seed; resolves to its URL. */
export async function exampleDatabase(name, postgres) {
  const url = await postgres.createDatabase(name.replaceAll('-', '_'))
  await migrate({ url, directory: new URL(`examples/${name}/migrations/`, root) })
  const db = database({ url })
  await db.script(await readFile(new URL(`examples/${name}/seed.sql`, root), 'utf8'))
  await db.close()
  return url
}

/** Starts an example; `measure()` tells what its process holds on to. */
export async function startExample(name, env) {
  let onMeasured
  const started = await startChild(command, {
    args: ['start', fileURLToPath(new URL(`examples/${name}`, root))],
    execArgv: ['--expose-gc', '--import', probe],
    env,
    onMessage: (message) => message.heldBytes && onMeasured(message),
  })
  const measure = () => {
    const measured = new Promise((resolve) => (onMeasured = resolve))
    started.tell('measure')
    return measured
  }
  return Object.assign(started, { measure })
}
