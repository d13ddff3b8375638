import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { built } from '../built.ts'
import { folderOf, freePorts, tricube } from './run.ts'

const dist = fileURLToPath(new URL('.', built('index.js')))

test('tricube dev is an issuer, whose tokens tricube token prints', async () => {
  const [port] = (await freePorts(1)) as [number]
  const cwd = await folderOf({
    'service.mjs': `
      import { contract, service, t } from '${dist}index.js'
      import { jwt } from '${dist}auth/index.js'
      const notes = contract('note-service', { me: { route: 'GET /me', scopes: ['a'], returns: t.String() } }, { auth: 'user' })
      export default service(notes, { port: ${port}, auth: { user: jwt() }, handlers: { me: ({ user }) => user.id } })
    `,
  })
  const environment = { AUTH_ISSUER: '', NODE_ENV: 'development' }
  const alone = await tricube(['token', '--user', '7'], { cwd, env: environment }).ended
  expect(alone).toMatchObject({
    code: 1,
    stderr: 'tricube token: no tricube dev runs in this folder; start it here first\n',
  })

  const dev = tricube(['dev'], { cwd, env: environment })
  await dev.printed('Ready in')
  expect(dev.output()).toMatch(/Issuer of tokens: http:\/\/127\.0\.0\.1:\d+\n/)
  const me = async (...args: string[]) => {
    const { stdout } = await tricube(['token', ...args], { cwd, env: environment }).ended
    const response = await fetch(`http://127.0.0.1:${port}/me`, {
      headers: { authorization: `Bearer ${stdout.trim()}` },
    })
    return [response.status, await response.json()]
  }
  expect(await me('--user', 'ann', '--scopes', 'a,b')).toEqual([200, { code: 0, data: 'ann' }])
  expect((await me('--user', 'ann'))[0]).toBe(403)
  expect((await fetch(`http://127.0.0.1:${port}/me`)).status).toBe(401)
  expect(await tricube(['token'], { cwd, env: environment }).ended).toMatchObject({ code: 2 })
  dev.signal('SIGINT')
  expect(await dev.ended).toMatchObject({ code: 0 })
})
