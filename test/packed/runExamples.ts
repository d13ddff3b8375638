/** Runs the examples of the pages in the folder of a user. */
import { pages } from '../repository/docBlocks.ts'
import { newDatabase } from './pageDatabase.ts'
import { examplesOf } from './pageExamples.ts'
import type { Project } from './project.ts'

const bin = 'node_modules/.bin'
const examples = pages.flatMap((page) => examplesOf(page))
const scripts = examples.filter(({ kind }) => kind !== 'test')
const tests = examples.filter(({ kind }) => kind === 'test')

/** Pastes the examples into the folder. */
export async function writeExamples(user: Project): Promise<void> {
  for (const { files } of examples) await user.write(files)
}

/** Runs every script, and starts and stops every service, one after the other. */
export async function runScripts(user: Project): Promise<void> {
  const paths = scripts.map(({ path }) => path).join(' ')
  const esbuild = `${bin}/esbuild --bundle --packages=external --format=esm --target=node20 --log-level=warning`
  await user.shell(`${esbuild} --outbase=. --outdir=. --out-extension:.js=.mjs ${paths}`)
  await user.write({ 'runExamples.mjs': await runner() })
  await user.shell('node runExamples.mjs', { NODE_ENV: 'production', PORT: '0' })
}

/** Runs every test. */
export async function runTests(user: Project): Promise<void> {
  await user.shell(`${bin}/vitest run --testTimeout 60000 ${tests.map(({ path }) => path).join(' ')}`)
}

/** A program that runs the examples, each with a database of its own. */
async function runner(): Promise<string> {
  const all = await Promise.all(
    scripts.map(async ({ page, path, setup }) => {
      return { page, file: `./${path.replace(/ts$/, 'mjs')}`, url: await newDatabase(setup) }
    }),
  )
  return `for (const { page, file, url } of ${JSON.stringify(all)}) {
  process.env.DATABASE_URL = url
  try {
    const { default: service } = await import(file)
    await service?.listen?.()
    await service?.close?.()
  } catch (cause) {
    throw new Error(page + ': an example fails: ' + file, { cause })
  }
}
`
}
