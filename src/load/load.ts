import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isTypeScript, runsTypeScript } from './platform.ts'

/**
 * Imports a module of the user's, JavaScript or TypeScript.
 *
 * @throws {LoadError} when it is TypeScript, this Node does not run it, and esbuild is not installed or cannot read it;
 *   whatever the module itself throws.
 */
export async function load(file: string): Promise<Record<string, unknown>> {
  return (await import(pathToFileURL(await runnable(file)).href)) as Record<string, unknown>
}

/**
 * The file that Node can run: the file itself or, for TypeScript on a Node before 22.18, what it and the TypeScript that it
 * imports compile to. It lies in a temporary folder and goes with this process.
 */
export async function runnable(file: string): Promise<string> {
  if (!isTypeScript(file) || runsTypeScript) return file
  const { compile } = await import('./compile.ts')
  return compile(resolve(file))
}

/** The files that `runnable` made its last file of, where it had to make one. */
export async function sourcesOf(file: string): Promise<readonly string[]> {
  if (!isTypeScript(file) || runsTypeScript) return []
  const { inputsOf } = await import('./compile.ts')
  return inputsOf(resolve(file))
}
