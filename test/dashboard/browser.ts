/** A real Chromium, when there is one on the PATH or named by TRICUBE_TEST_CHROMIUM. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { expect } from 'vitest'

const names = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome']
const onPath = (process.env['PATH'] ?? '').split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)))

/** Its path; undefined when there is none, which is said loudly. */
export const chromiumBinary: string | undefined =
  process.env['TRICUBE_TEST_CHROMIUM'] || onPath.find((file) => existsSync(file))

if (!chromiumBinary) {
  process.stderr.write(`
!!! The tests in a browser are SKIPPED: no \`chromium-headless-shell\` or \`chromium\` is on the PATH and TRICUBE_TEST_CHROMIUM names none.
!!! Install it: \`apt-get install chromium-headless-shell\`. Or name another: \`TRICUBE_TEST_CHROMIUM=/path/to/chrome npm test\`.

`)
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking']
/** One for all files of this process. Playwright ends it with the process. */
let browser: Promise<Browser> | undefined

export interface OpenPage {
  readonly page: Page
  /** What the page has complained about: errors of scripts, of the console, of requests. */
  readonly complaints: string[]
  /** Fails when axe finds a serious issue. https://github.com/dequelabs/axe-core */
  readonly checkAccess: () => Promise<void>
  readonly close: () => Promise<void>
}

export interface PageOptions {
  readonly width?: number
  readonly height?: number
  readonly colorScheme?: 'light' | 'dark'
}

/** How the pages are looked at: both widths and both themes, and all of them for pictures. */
export const looks = [
  { width: 1280, height: 800, colorScheme: 'light' },
  { width: 390, height: 844, colorScheme: 'dark' },
  ...(process.env['TRICUBE_TEST_SCREENSHOTS']
    ? ([
        { width: 1280, height: 800, colorScheme: 'dark' },
        { width: 1920, height: 1080, colorScheme: 'dark' },
        { width: 390, height: 844, colorScheme: 'light' },
      ] as const)
    : []),
] as const satisfies PageOptions[]

/** Opens a page in a window of its own. Requests to other hosts fail the test. */
export async function openPage(
  url: string,
  { width = 1280, height = 800, colorScheme = 'light' }: PageOptions = {},
): Promise<OpenPage> {
  browser ??= chromium.launch({ executablePath: chromiumBinary!, args })
  const running = await browser
  const context = await running.newContext({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      complaints.push(`${message.type()}: ${message.text()}`)
  })
  page.on('request', (request) => {
    if (new URL(request.url()).hostname !== '127.0.0.1') complaints.push(`request: ${request.url()}`)
  })
  await page.goto(url)
  return {
    page,
    complaints,
    async checkAccess() {
      await page.evaluate(axe)
      const issues = (await page.evaluate(`axe.run().then(({ violations }) => violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => id + ': ' + nodes.slice(0, 3).map(({ html, failureSummary }) => html.slice(0, 200) + ' ' + failureSummary).join('; ')))`)) as string[]
      expect(issues).toEqual([])
    },
    close: () => context.close(),
  }
}
