import { existsSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { ask, confirm } from './ask.js'
import { installWith, startGit } from './commands.js'
import { parseOptions, usage, UsageError } from './options.js'
import { packageManager } from './packageManager.js'
import { conflictsIn, packageNameOf, writeTemplate } from './template.js'

/** Runs the command and returns its exit code: 0, 1 when something failed, 2 when it was used wrongly. */
export async function run(argv) {
  try {
    const options = parseOptions(argv)
    if (options.help) {
      console.log(usage)
      return 0
    }
    return await create(options)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`create-tricube: ${error.message}, see create-tricube --help`)
    return 2
  }
}

async function create(options) {
  const mayAsk = process.stdin.isTTY && !options.yes
  const name = options.folder ?? (mayAsk ? await ask('Folder of the project', 'my-services') : 'my-services')
  const folder = resolve(name)
  const manager = packageManager(process.env.npm_config_user_agent)
  const conflicts = await conflictsIn(folder, manager)
  if (conflicts.length > 0) {
    console.error(`create-tricube: ${shown(folder)} already has ${conflicts.join(', ')}: nothing was written`)
    return 1
  }
  const installs = options.install ?? (!mayAsk || (await confirm(`Install packages with ${manager.name}?`)))
  const usesGit =
    options.git ?? (!existsSync(`${folder}/.git`) && (!mayAsk || (await confirm('Create a Git repository?'))))

  const files = await writeTemplate(folder, { name: packageNameOf(folder), tricube: options.tricube, manager })
  console.log(`Created ${files.length} files in ${shown(folder)}.`)
  const isInstalled = installs && installWith(manager, folder)
  if (usesGit) startGit(folder)
  console.log(nextSteps(folder, manager, isInstalled))
  return installs && !isInstalled ? 1 : 0
}

function nextSteps(folder, manager, isInstalled) {
  const place = shown(folder)
  const lines = [
    ...(place === '.' ? [] : [`cd ${/^[\w./-]+$/.test(place) ? place : `'${place}'`}`]),
    ...(isInstalled ? [] : [manager.install]),
    manager.start,
  ]
  return `
Now type:

${lines.map((line) => `  ${line}`).join('\n')}

Then order something from another terminal:

  curl -X POST localhost:8020/orders -H 'content-type: application/json' -d '{"product_id":1,"quantity":2}'

The trace appears in the first terminal. Read and try every operation at http://localhost:8020/docs.`
}

function shown(folder) {
  return relative('', folder) || '.'
}
