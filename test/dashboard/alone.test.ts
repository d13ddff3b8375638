/** The dashboard without `tricube dev`: the traces of any program, live or from a file. */
import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { built } from '../built.ts'
import { chromiumBinary, openPage } from './browser.ts'
import { open, zipkin } from './open.ts'

const traceId = 'a1'.repeat(16)

const otlpTraces = (service = 'billing') => ({
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
      scopeSpans: [
        {
          spans: [
            {
              traceId,
              spanId: 'b2'.repeat(8),
              name: 'POST /bills',
              kind: 2,
              startTimeUnixNano: `${Date.now() * 1e6}`,
              endTimeUnixNano: `${(Date.now() + 40) * 1e6}`,
              attributes: [{ key: 'password', value: { stringValue: 'hunter2' } }],
            },
          ],
        },
      ],
    },
  ],
})

const otlpLogs = {
  resourceLogs: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'billing' } }] },
      scopeLogs: [{ logRecords: [{ severityNumber: 17, body: { stringValue: 'card declined' }, traceId }] }],
    },
  ],
}

const post = (url: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

describe('over HTTP', () => {
  it('takes OTLP and Zipkin at the usual paths of a port of its own', async () => {
    const { otlpUrl, json } = await open({ alone: { otlpPort: 0 } })
    expect((await post(`${otlpUrl}/v1/traces`, otlpTraces())).status).toBe(200)
    expect((await post(`${otlpUrl}/v1/logs`, otlpLogs)).status).toBe(200)
    expect((await post(`${otlpUrl}/api/v2/spans`, [zipkin({ service: 'mailer' })])).status).toBe(202)
    expect(await json(`/api/traces/${traceId}`)).toMatchObject({
      spans: [{ service: 'billing', attributes: { password: '[redacted]' } }],
      logs: [{ message: 'card declined', level: 'error' }],
    })
    const state = await json('/api/state')
    expect(state.alone).toEqual({ otlpUrl })
    expect(state.services.map(({ name, status }: any) => [name, status])).toEqual([
      ['billing', 'remote'],
      ['mailer', 'remote'],
    ])
  })

  it('gives that port to programs only: no page, no API, no browser, no foreign host', async () => {
    const { otlpUrl, token } = await open({ alone: { otlpPort: 0 } })
    for (const path of ['/', `/?token=${token}`, '/api/state', '/api/traces', '/assets/main.js']) {
      expect([path, (await fetch(otlpUrl + path)).status]).toEqual([path, 404])
    }
    const evil = { origin: 'https://evil.example' }
    expect((await post(`${otlpUrl}/v1/traces`, otlpTraces(), evil)).status).toBe(403)
    expect((await post(`${otlpUrl}/v1/traces`, otlpTraces(), { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    const status = await new Promise((resolve) => {
      const headers = { host: 'evil.example', 'content-type': 'application/json' }
      request(`${otlpUrl}/v1/traces`, { method: 'POST', headers }, ({ statusCode }) => resolve(statusCode)).end('{}')
    })
    expect(status).toBe(403)
  })

  it('takes the next port if that of OTLP is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    onTestFinished(() => void taken.close())
    const { port } = taken.address() as AddressInfo
    const { otlpUrl } = await open({ alone: { otlpPort: port } })
    expect(new URL(otlpUrl!).port).not.toBe(String(port))
  })

  it('refuses production without a token of its user', async () => {
    vi.stubEnv('NODE_ENV', 'production')
    onTestFinished(() => void vi.unstubAllEnvs())
    await expect(open({ alone: { otlpPort: 0 } })).rejects.toThrow('set TRICUBE_DASHBOARD_TOKEN')
    await expect(open({ alone: { otlpPort: 0 }, token: 'short' })).rejects.toThrow('at least 16 characters')
    expect((await open({ alone: { otlpPort: 0 }, token: 'a-long-enough-secret' })).url).toContain(
      'a-long-enough-secret',
    )
  })

  it.each([
    ['one document of OTLP', JSON.stringify(otlpTraces(), undefined, 2), [1, 1, 0]],
    [
      "the lines of a collector's file",
      `${JSON.stringify(otlpTraces())}\n${JSON.stringify(otlpLogs)}\n{"cut`,
      [1, 1, 1],
    ],
    ["Zipkin's JSON", JSON.stringify([zipkin({}), zipkin({})]), [2, 2, 0]],
    ['lines of Zipkin', `${JSON.stringify([zipkin({})])}\r\n${JSON.stringify([zipkin({})])}\r\n`, [2, 2, 0]],
    [
      'any other text',
      'hello\n[1, null, {"traceId": 7}]\n{"resourceSpans": null}\n{"resourceLogs": [null]}',
      [0, 0, 0],
    ],
    ['an empty file', '', [0, 0, 0]],
  ])('opens %s', async (_, text, [traces, spans, lines]) => {
    const dashboard = await open({ alone: {} })
    expect(dashboard.addExport(text)).toEqual({ traces, spans, lines })
  })
})

describe('as a command', () => {
  const bin = built('cli/main.js').pathname

  async function folder(): Promise<string> {
    const made = await mkdtemp(join(tmpdir(), 'tricube-alone-'))
    onTestFinished(() => rm(made, { recursive: true, force: true }))
    return made
  }

  it('shows a file and a running system, and ends with Ctrl-C', async () => {
    const cwd = await folder()
    await writeFile(join(cwd, 'traces.json'), JSON.stringify(otlpTraces()))
    const run = promisify(execFile)
    await expect(run(process.execPath, [bin, 'dashboard', 'missing.json'], { cwd })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/missing\.json: .*ENOENT|missing\.json.*not found/),
    })
    const child = spawn(process.execPath, [bin, 'dashboard', 'traces.json', '--dashboard-port', '0'], { cwd })
    onTestFinished(() => void child.kill('SIGKILL'))
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    await expect.poll(() => output, { timeout: 20_000 }).toContain('Dashboard: http://127.0.0.1:')
    expect(output).toContain('traces.json: 1 spans of 1 traces, 0 log records')
    child.kill('SIGINT')
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})

describe.skipIf(!chromiumBinary)('in Chromium', { timeout: 60_000 }, () => {
  it('shows what programs send, and only the views that have something', async () => {
    const dashboard = await open({ alone: { otlpPort: 0 } })
    const { page, complaints, checkAccess, close } = await openPage(dashboard.url)
    onTestFinished(close)
    await page.getByText(`OTEL_EXPORTER_OTLP_ENDPOINT=${dashboard.otlpUrl}`).waitFor()
    await post(`${dashboard.otlpUrl}/v1/traces`, otlpTraces(`<img src=x onerror="document.title='hacked'">`))
    await page.getByText('sends traces').waitFor()
    const names = await page.getByRole('navigation', { name: 'Views' }).getByRole('link').allTextContents()
    expect(names).toEqual(['Overview', 'Traces', 'Logs', 'Map'])
    await page.getByRole('link', { name: 'Traces' }).click()
    await page.getByRole('row').filter({ hasText: 'POST /bills' }).getByRole('link').click()
    await page.getByRole('complementary', { name: 'Trace' }).waitFor()
    await checkAccess()
    expect(await page.title()).not.toContain('hacked')
    expect(complaints).toEqual([])
  })
})
