import { existsSync } from 'node:fs'

/**
 * Returns the URL of a file in dist/.
 *
 * @throws {Error} if the package was not built
 */
export function built(file: string): URL {
  const url = new URL(`../dist/${file}`, import.meta.url)
  if (!existsSync(url))
    throw new Error(`dist/${file} is missing: run "npm run build" first. This test needs the built package.`)
  return url
}
