/**
 * A day of load in `tricube dashboard`: 500 log lines and 50 traces a second for HOURS hours, put in at once over OTLP, and
 * more of them at that rate while somebody works with the page in Chromium.
 *
 *   npm run build && node bench/dashboard/day.mjs                 one hour of load, the heap over one minute
 *   HOURS=24 MINUTES=10 node bench/dashboard/day.mjs              a day, and ten minutes: half an hour altogether
 *
 * Fails when a click takes more than 100 ms until its result is painted, the server has more than 200 MB, or the heap of the
 * page grows. A click is done ROUNDS times, and its median counts: whatever else the machine does can only add to it.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { median } from '../http/statistics.mjs'
import { logsBody, tracesBody } from './load.mjs'

const { HOURS = '1', MINUTES = '1', ROUNDS = '9', TRICUBE_TEST_CHROMIUM = '/usr/bin/chromium' } = process.env
const bounds = { clickMs: 100, serverMb: 200, heapGrowthMb: 3 }
const perSecond = { lines: 500, traces: 50 }
const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const mb = (bytes) => bytes / 1024 / 1024

const cwd = await mkdtemp(join(tmpdir(), 'tricube-day-'))
const args = [program, 'dashboard', '--dashboard-port', '0', '--otlp-port', '0']
const server = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
const { url, otlpUrl } = await addresses()
const sent = { lines: 0, traces: 0 }
const filling = performance.now()
for (let minute = 0; minute < Number(HOURS) * 60; minute++) {
  const atMs = Date.now() - (Number(HOURS) * 60 - minute) * 60_000
  for (let second = 0; second < 60; second += 4) await send(atMs + second * 1000, 4)
}
console.log(
  `${sent.lines.toLocaleString('en')} lines and ${sent.traces.toLocaleString('en')} traces in ${((performance.now() - filling) / 1000).toFixed(0)} s`,
)
const feeding = setInterval(() => void send(Date.now(), 0.2), 200)

const browser = await chromium.launch({
  executablePath: TRICUBE_TEST_CHROMIUM,
  args: ['--headless', '--no-sandbox', '--disable-gpu'],
})
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
await page.goto(url)
await page.getByRole('heading', { name: 'Overview' }).waitFor()

/** What is clicked or typed, and what shows that it is done. Each begins where the one before has ended. */
const steps = [
  ['the traces', { click: 'header nav a[href="#/traces"]', until: '.trace-row:not(.head)' }],
  ['a search for slow traces', { type: ['.search', '>190ms'], until: '.toolbar', requests: '/api/traces?' }],
  ['no search', { type: ['.search', ''], until: '.trace-row:not(.head)', requests: '/api/traces?' }],
  ['a trace', { click: '.trace-row:not(.head) .what a', until: '.fall-row.span' }],
  ['a span', { click: '.fall-row.span:nth-child(2)', until: '.detail h3' }],
  ['the logs', { click: 'header nav a[href="#/logs"]', until: '.log-row' }],
  [
    'errors alone',
    { choose: ['select[aria-label="Lowest level"]', 'error'], until: '.log-row .level-error', requests: '/api/logs?' },
  ],
  ['a search for a line', { type: ['.search', 'path=/getUser/'], until: '.toolbar', requests: '/api/logs?' }],
  ['all levels', { choose: ['select[aria-label="Lowest level"]', ''], until: '.log-row', requests: '/api/logs?' }],
  ['a line', { click: '.log-row .message button', until: '.detail h2' }],
  ['the map', { click: 'header nav a[href="#/map"]', until: '.map-node' }],
  ['the overview', { click: 'header nav a[href="#/overview"]', until: '.service-line' }],
]

await page.evaluate(helpers)
const times = new Map(steps.map(([name]) => [name, []]))
for (let round = 0; round < Number(ROUNDS); round++) {
  for (const [name, step] of steps) {
    times.get(name).push(await page.evaluate((each) => globalThis.timeOf(each), step))
    await page.waitForTimeout(50)
  }
}
console.table(
  [...times].map(([click, all]) => ({
    click,
    'median, ms': Math.round(median(all)),
    'slowest, ms': Math.round(Math.max(...all)),
  })),
)

const heaps = []
const devTools = await page.context().newCDPSession(page)
await page.goto(`${new URL(url).origin}/#/logs`)
await page.locator('.log-row').first().waitFor()
await page.waitForTimeout(20_000) // until the page has as many lines as it keeps
for (let minute = 0; minute <= Number(MINUTES); minute++) {
  if (minute > 0) await page.waitForTimeout(60_000)
  await devTools.send('HeapProfiler.collectGarbage')
  heaps.push(mb((await devTools.send('Runtime.getHeapUsage')).usedSize))
}
clearInterval(feeding)
const { rss, peakRss } = await memoryOf(server.pid)
await browser.close()
server.kill('SIGINT')
await once(server, 'exit')
await rm(cwd, { recursive: true, force: true })

const slowest = Math.max(...[...times.values()].map(median))
const growth = heaps.at(-1) - heaps[0]
const checks = [
  [`the slowest click takes ${slowest.toFixed(0)} ms, at most ${bounds.clickMs} ms`, slowest <= bounds.clickMs],
  [
    `the server has ${mb(rss).toFixed(0)} MB, ${mb(peakRss).toFixed(0)} MB at most, at most ${bounds.serverMb} MB`,
    mb(peakRss) <= bounds.serverMb,
  ],
  [
    `the heap of the page grows from ${heaps[0].toFixed(1)} by ${growth.toFixed(1)} MB in ${MINUTES} minutes, at most ${bounds.heapGrowthMb} MB`,
    growth <= bounds.heapGrowthMb,
  ],
]
for (const [what, holds] of checks) console.log(`${holds ? 'ok    ' : 'FAILED'} ${what}`)
process.exitCode = checks.every(([, holds]) => holds) ? 0 : 1

/** The URLs that the command prints. */
async function addresses() {
  let output = ''
  for await (const text of server.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    output += text
    if (output.includes('Dashboard: ')) break
  }
  return { url: /Dashboard: (\S+)/.exec(output)[1], otlpUrl: /OTLP: (\S+)/.exec(output)[1] }
}

/** Sends what comes in so many seconds. */
async function send(atMs, seconds) {
  const [lines, traces] = [perSecond.lines * seconds, perSecond.traces * seconds]
  const bodies = [
    ['logs', logsBody(sent.lines, lines, atMs)],
    ['traces', tracesBody(sent.traces, traces, atMs)],
  ]
  sent.lines += lines
  sent.traces += traces
  await Promise.all(
    bodies.map(async ([kind, body]) => {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(`${otlpUrl}/v1/${kind}`, { method: 'POST', headers, body })
      if (!response.ok) throw new Error(`${kind}: ${response.status} ${await response.text()}`)
      await response.text()
    }),
  )
}

/** The memory of a process in bytes, now and at most. https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
async function memoryOf(pid) {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  const bytes = (name) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(text)[1]) * 1024
  return { rss: bytes('VmRSS'), peakRss: bytes('VmHWM') }
}

/** Runs in the page: does something, and resolves to the milliseconds until the result is painted. */
function helpers() {
  const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))
  const setValue = (element, value, event) => {
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(element), 'value').set.call(element, value)
    element.dispatchEvent(new Event(event, { bubbles: true }))
  }
  globalThis.timeOf = async ({ click, type, choose, until, requests }) => {
    const began = performance.now()
    const before = performance.getEntriesByType('resource').length
    if (click) document.querySelector(click).click()
    if (type) setValue(document.querySelector(type[0]), type[1], 'input')
    if (choose) setValue(document.querySelector(choose[0]), choose[1], 'change')
    const isAnswered = () =>
      !requests ||
      performance
        .getEntriesByType('resource')
        .slice(before)
        .some(({ name }) => name.includes(requests))
    while (!isAnswered() || !document.querySelector(until)) {
      await painted()
      if (performance.now() - began > 10_000) throw new Error(`${until} does not come`)
    }
    await painted()
    performance.clearResourceTimings()
    // A search begins when the typing pauses.
    return performance.now() - began - (type ? 150 : 0)
  }
}
