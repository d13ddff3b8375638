import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { explained } from './explained.ts'
import { isTypeScript, runsTypeScript } from './platform.ts'

/**
 * Imports a JavaScript or TypeScript module of the user.
 *
 * @throws {LoadError} when this Node does not run TypeScript, and esbuild is not installed or cannot read the file; also
 *   when this Node cannot read a file that it imports
 * @throws any error that the module throws itself
 */
export async function load(file: string): Promise<Record<string, unknown>> {
  const { href } = pathToFileURL(await runnable(file))
  try {
    return (await import(href)) as Record<string, unknown>
  } catch (error) {
    throw explained(error)
  }
}

/**
 * Returns a file that Node can run: the file itself, or, for TypeScript on Node before 22.18, its compiled form.
 *
 * The compiled file is in a temporary folder that is deleted when this process exits.
 */
export async function runnable(file: string): Promise<string> {
  if (!isTypeScript(file) || runsTypeScript) return file
  const { compile } = await import('./compile.ts')
  return compile(resolve(file))
}

/** Returns the files that `runnable` compiled; none if it did not have to compile. */
export async function sourcesOf(file: string): Promise<readonly string[]> {
  if (!isTypeScript(file) || runsTypeScript) return []
  const { inputsOf } = await import('./compile.ts')
  return inputsOf(resolve(file))
}
