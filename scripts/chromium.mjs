// A real Chromium for the tests of the dashboard.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const names = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome']

/**
 * Path of a Chromium; undefined, and a warning, where there is none to be had. It needs so many libraries that apt has to
 * install it, which only root may do.
 */
export function findChromium() {
  const named = process.env.TRICUBE_TEST_CHROMIUM
  if (named) return named
  const found = onPath()
  if (found) return found
  try {
    for (const args of [
      ['update'],
      ['install', '-y', '--no-install-recommends', 'chromium-headless-shell', 'fonts-dejavu-core'],
    ]) {
      execFileSync('apt-get', args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 300_000 })
    }
    return onPath()
  } catch (error) {
    const why = error.stderr?.toString().trim() || error.message
    console.warn(`WARNING: no chromium to test with, the tests of the dashboard's page are skipped: ${why}`)
    return undefined
  }
}

function onPath() {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const chromium = findChromium()
  if (chromium) console.log(chromium)
  else process.exitCode = 1
}
