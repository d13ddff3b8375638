import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { parse } from 'yaml'
import { toYaml, type Yaml } from '../../src/cli/build/yaml.ts'
import { built } from '../built.ts'
import { build, expectCompose, expectKubernetes, filesIn, index, serviceOf } from './buildProject.ts'
import { folderOf, freePorts } from './run.ts'

vi.setConfig({ testTimeout: 120_000 }) // each run loads services

const migrations = `migrations: new URL('./migrations/', import.meta.url)`
const catalog = serviceOf('catalog-service', `port: 8010, ${migrations}`)
const order = `import { own as catalog } from '../catalog-service/service.mjs'\n${serviceOf(
  'order-service',
  `port: 8020, clients: { catalog }, ${migrations}`,
)}`
const web = `import { own as orders } from '../order-service/service.mjs'\n${serviceOf('web-service', 'edge: true, clients: { orders }')}`
const shop = {
  'package.json': JSON.stringify({
    name: '@acme/Shop',
    dependencies: { tricube: '1', redis: '5', '@nats-io/jetstream': '3' },
  }),
  'package-lock.json': '{}',
  'catalog-service/service.mjs': catalog,
  'order-service/service.mjs': order,
  'web-service/service.mjs': web,
}

const golden = fileURLToPath(new URL('golden/shop/', import.meta.url))

/** What `tricube build` writes for the shop: the first test runs it, the others take a copy of its files. */
let written: Record<string, string> | undefined

async function builtShop(): Promise<string> {
  if (written) return folderOf({ ...shop, ...written })
  const cwd = await folderOf(shop)
  expect(await build(cwd)).toMatchObject({ code: 0, stderr: '' })
  const files = await filesIn(cwd)
  written = Object.fromEntries(Object.entries(files).filter(([path]) => !Object.hasOwn(shop, path)))
  return cwd
}

describe('the files of a shop', () => {
  it('are these', async () => {
    const cwd = await builtShop()
    const files = Object.keys(written!)
    for (const [path, text] of Object.entries(written!)) {
      await expect(text).toMatchFileSnapshot(join(golden, path.replace(/^\./, 'dot-')))
    }
    expect(await build(cwd, '--check')).toEqual({
      code: 0,
      stderr: '',
      stdout: `${files.length} files are up to date\n`,
    })
  })

  it('match the schema of Compose', async () => {
    const cwd = await builtShop()
    expectCompose(await filesIn(cwd))
  })

  it('match the schemas of Kubernetes', async () => {
    const cwd = await builtShop()
    expect(expectKubernetes(await filesIn(cwd))).toEqual([
      'Deployment',
      'HorizontalPodAutoscaler',
      'Job',
      'Namespace',
      'NetworkPolicy',
      'PodDisruptionBudget',
      'Role',
      'RoleBinding',
      'Service',
      'ServiceAccount',
    ])
  })
})

it('starts and stops by what the image runs, as its user', async () => {
  const cwd = await folderOf({ ...shop, 'web-service/service.mjs': serviceOf('web-service', 'edge: true') })
  await mkdir(join(cwd, 'node_modules'))
  await symlink(fileURLToPath(new URL('../..', import.meta.url)), join(cwd, 'node_modules/tricube'))
  await build(cwd)
  const image = await readFile(join(cwd, 'Dockerfile'), 'utf8')
  const [, entrypoint] = /^ENTRYPOINT (.+)$/m.exec(image)!
  const [, user] = /^USER (\d+):\d+$/m.exec(image)!
  const [, command] = /^FROM app AS web-service\n(?:.+\n)*CMD (.+)$/m.exec(image)!
  const [program, ...args] = [...(JSON.parse(entrypoint!) as string[]), ...(JSON.parse(command!) as string[])]
  expect(program).toBe('node')
  const [port] = await freePorts(1)
  const child = spawn(process.execPath, args, {
    cwd,
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', HOST: '127.0.0.1', PORT: String(port) },
    ...(canRun(Number(user)) && { uid: Number(user), gid: Number(user) }),
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await vi.waitFor(async () => {
    expect((await fetch(`http://127.0.0.1:${port}/health/ready`)).status).toBe(200)
  }, 60_000)
  child.kill('SIGTERM') // as Docker does
  expect(await once(child, 'exit')).toEqual([0, null])
})

/** Whether it may run programs as another user, who can read this repository. */
function canRun(user: number): boolean {
  if (process.getuid?.() !== 0) return false
  const { status } = spawnSync('test', ['-r', fileURLToPath(import.meta.url)], { uid: user, gid: user })
  if (status !== 0) console.warn(`user ${user} cannot read this repository: the image's program runs as root here`)
  return status === 0
}

it('knows what each service declares', async () => {
  const lonely = serviceOf('lonely-service', '')
  const cwd = await folderOf({ 'package.json': '{}', 'pnpm-lock.yaml': '', 'service.mjs': lonely })
  expect(await build(cwd)).toMatchObject({ code: 0 })
  const files = await filesIn(cwd)
  const compose = parse(files['compose.yaml']!) as { services: Record<string, { environment?: object }> }
  expect(Object.keys(compose.services)).toEqual(['lonely-service', 'jaeger', 'prometheus', 'grafana'])
  expect(compose.services['lonely-service']!.environment).not.toHaveProperty('DATABASE_URL')
  expect(files['Dockerfile']).toContain('pnpm install --frozen-lockfile --prod')
  expect(files['Dockerfile']).toContain('CMD ["start", "."]')
  expect(Object.keys(files).filter((path) => /discovery|migrations/.test(path))).toEqual([])
})

/** A service with settings that have no default. */
const guarded = {
  'package.json': '{ "name": "guarded" }',
  'user-service/contract.mjs': `import { contract, t } from ${JSON.stringify(index)}
    export const users = contract('user-service', { get: { route: 'GET /things', returns: t.String(), auth: 'user' } }, {
      events: { created: { payload: t.Object({ id: t.String() }) } } })`,
  'user-service/service.mjs': `import { resource, secret, service, t } from ${JSON.stringify(index)}
    import { jwt } from ${JSON.stringify(built('auth/index.js').href)}
    import { users } from './contract.mjs'
    const mail = resource({ settings: { mailUrl: t.String() }, open: () => 1 })
    export default service(users, { port: 8010, database: {}, auth: { user: jwt() }, resources: { mail },
      settings: { pspKey: secret(), pspUrl: t.String(), market: t.String({ default: 'eu' }), note: t.Optional(t.String()),
        shared: t.String() },
      handlers: { get: () => 'x' } })`,
  'tricube.config.mjs': `export default { shared: 'from the file' }`,
}

describe('settings without a default', () => {
  it('are in each file, and printed', async () => {
    const cwd = await folderOf(guarded)
    const { code, stdout, stderr } = await build(cwd)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.split('\n').filter((line) => !line.startsWith('wrote '))).toEqual([
      'user-service: for Compose, set AUTH_ISSUER, PSP_KEY, PSP_URL, MAIL_URL in the file .env',
      'user-service: for Kubernetes, kubectl create configmap user-service-settings -n guarded --from-literal=AUTH_ISSUER=… --from-literal=PSP_URL=… --from-literal=MAIL_URL=…',
      'user-service: for Kubernetes, kubectl create secret generic user-service-secrets -n guarded --from-literal=PSP_KEY=…',
      '',
    ])
    const files = await filesIn(cwd)
    for (const file of ['compose.yaml', 'compose.cluster.yaml']) {
      expect(environmentIn(files[file]!, 'user-service'), file).toMatchObject({
        AUTH_ISSUER: '${AUTH_ISSUER:?set it for user-service}',
        PSP_KEY: '${PSP_KEY:?set it for user-service}',
        PSP_URL: '${PSP_URL:?set it for user-service}',
        MAIL_URL: '${MAIL_URL:?set it for user-service}',
      })
      expect(files[file]).not.toMatch(/MARKET|NOTE|SHARED/)
    }
    await expect(files['k8s/base/user-service.yaml']).toMatchFileSnapshot(`${golden}../guarded/user-service.yaml`)
  })

  it('are not asked for when the code has them', async () => {
    const code = guarded['user-service/service.mjs']
      .replace('jwt()', "jwt({ issuer: 'https://id.example.com' })")
      .replace(/settings: \{ pspKey[^]*?\},\n/, '')
      .replace('settings: { mailUrl: t.String() }, ', '')
    const cwd = await folderOf({ ...guarded, 'user-service/service.mjs': code })
    const { stdout } = await build(cwd)
    expect(stdout).not.toContain('for Compose')
    expect((await filesIn(cwd))['compose.yaml']).not.toContain(':?')
  })
})

function environmentIn(compose: string, name: string): object | undefined {
  const { services } = parse(compose) as { services: Record<string, { environment?: object }> }
  return services[name]!.environment
}

describe('a service with tls', () => {
  const secured = (tls: string): Record<string, string> => ({
    'package.json': '{ "name": "secured" }',
    'tls-service/service.mjs': serviceOf('tls-service', `port: 8010, edge: true, tls: ${tls}`),
    'web-service/service.mjs': `import { own as other } from '../tls-service/service.mjs'
      ${serviceOf('web-service', 'port: 8020, clients: { other }')}`,
  })
  const folders = "{ cert: '/run/tls/a.pem', key: '/run/tls/a-key.pem', ca: '/run/bundle/ca.pem'"

  it('is probed, called and scraped by https', async () => {
    const cwd = await folderOf(secured(`${folders} }`))
    expect(await build(cwd)).toMatchObject({ code: 0, stderr: '' })
    const files = await filesIn(cwd)
    const compose = files['compose.yaml']!
    expect(environmentIn(compose, 'web-service')).toMatchObject({
      TRICUBE_SERVICES: 'tls-service=https://tls-service:8010,web-service=web-service:8020',
    })
    expect(compose).toContain("get('https://127.0.0.1:8010/health/ready'".replaceAll("'", "''"))
    expect(compose).toContain('./certs/tls-service:/run/tls:ro')
    expect(files['.dockerignore']).toContain('certs/tls-service\n')
    expect(files['compose.cluster.yaml']).toContain('set $$service tls-service:8010;')
    const pod = files['k8s/base/tls-service.yaml']!
    expect(pod.match(/scheme: HTTPS/g)).toHaveLength(3)
    expect(pod).toContain('secretName: tls-service-tls')
    expect(pod).not.toContain('admin')
    expect(files['k8s/base/web-service.yaml']).not.toMatch(/https|HTTPS/)
    expect(files['k8s/monitoring/servicemonitors.yaml']).toContain('insecureSkipVerify: true')
  })

  it('is probed at its admin port when its callers need a certificate', async () => {
    const cwd = await folderOf(secured(`${folders}, requestCert: true }`))
    const { stdout } = await build(cwd)
    expect(stdout).toContain('tls-service: probes and metrics use the admin port 9400, which needs no certificate\n')
    expect(stdout).toContain('--from-file=tls.crt=a.pem --from-file=tls.key=a-key.pem --from-file=ca.crt=ca.pem\n')
    const files = await filesIn(cwd)
    expect(files['compose.yaml']).toContain('http://127.0.0.1:9400/health/ready')
    expect(environmentIn(files['compose.yaml']!, 'tls-service')).toMatchObject({ TRICUBE_ADMIN_PORT: '9400' })
    await expect(files['k8s/base/tls-service.yaml']).toMatchFileSnapshot(`${golden}../secured/tls-service.yaml`)
    await expect(files['compose.cluster.yaml']).toMatchFileSnapshot(`${golden}../secured/compose.cluster.yaml`)
  })

  it('keeps its code where a volume would hide it', async () => {
    const cwd = await folderOf(secured("{ cert: new URL('a.pem', import.meta.url), key: '/tmp/a-key.pem' }"))
    const { stdout } = await build(cwd)
    expect(stdout).toContain('tls-service: no certificates are mounted, since tls names no folder of their own')
    expect((await filesIn(cwd))['compose.yaml']).not.toContain('./certs')
  })
})

describe('the way in from outside', () => {
  const edgeOf = async (cwd: string): Promise<readonly string[] | undefined> => {
    const text = await readFile(join(cwd, 'compose.cluster.yaml'), 'utf8')
    return (parse(text) as { services: { edge?: { ports: string[] } } }).services.edge?.ports
  }
  /** Two services, each of which calls the other. */
  const circle = (first: string, contractOfFirst = ''): Record<string, string> => {
    const contractOf = (name: string, auth = ''): string =>
      `import { contract, t } from ${JSON.stringify(index)}
      export const own = contract('${name}', { get: { route: 'GET /things', returns: t.String() ${auth} } })`
    const called = (other: string, options: string): string =>
      `import { service } from ${JSON.stringify(index)}
      import { own } from './contract.mjs'
      import { own as other } from '../${other}/contract.mjs'
      export default service(own, { clients: { other }, handlers: { get: () => 'x' }, ${options} })`
    return {
      'package.json': '{}',
      'a/contract.mjs': contractOf('a-service', contractOfFirst),
      'a/service.mjs': called('b', `port: 8010, ${first}`),
      'b/contract.mjs': contractOf('b-service'),
      'b/service.mjs': called('a', 'port: 8020'),
    }
  }

  it('is missing when all services are called, with a warning and without an edge', async () => {
    const cwd = await folderOf(circle(''))
    const { code, stderr } = await build(cwd)
    expect([code, stderr]).toEqual([
      0,
      'no service has a way in from outside, since other services call each of them: set edge: true in the one that the internet reaches\n',
    ])
    expect(await edgeOf(cwd)).toBeUndefined()
    for (const text of Object.values(await filesIn(cwd))) expect(text).not.toMatch(/ports: \[\]|source: edge/)
  })

  it.each([
    ['edge: true', 'edge: true', ''],
    ['an operation for users', 'auth: { user: () => undefined }', ", auth: 'user'"],
    ['a public operation', '', ", auth: 'public'"],
  ])('is there for %s', async (_, options, access) => {
    const cwd = await folderOf(circle(options, access))
    expect(await build(cwd)).toMatchObject({ code: 0, stderr: '' })
    expect(await edgeOf(cwd)).toEqual(['8010:8010'])
    const files = await filesIn(cwd)
    expect(files['k8s/base/a-service.yaml']).not.toContain('NetworkPolicy')
    expect(files['k8s/base/b-service.yaml']).toContain('NetworkPolicy')
  })

  it('is not taken away by a subscription, but by edge: false', async () => {
    const reader = `import { service, contract, t } from ${JSON.stringify(index)}
      import { users } from '../user-service/contract.mjs'
      const own = contract('mail-service', { get: { route: 'GET /things', returns: t.String() } })
      export default service(own, { port: 8020, database: {}, edge: false, handlers: { get: () => 'x' },
        subscriptions: { created: { event: users.events.created, handler: () => {} } } })`
    const user = guarded['user-service/contract.mjs'].replace(", auth: 'user'", '')
    const plain = `import { service } from ${JSON.stringify(index)}
      import { users } from './contract.mjs'
      export default service(users, { port: 8010, database: {}, handlers: { get: () => 'x' } })`
    const files = {
      'package.json': '{}',
      'user-service/contract.mjs': user,
      'user-service/service.mjs': plain,
      'mail-service/service.mjs': reader,
    }
    const cwd = await folderOf(files)
    expect(await build(cwd)).toMatchObject({ code: 0, stderr: '' })
    expect(await edgeOf(cwd)).toEqual(['8010:8010'])
  })
})

it('says when a file is out of date, and writes it again', async () => {
  const cwd = await builtShop()
  await writeFile(join(cwd, 'web-service/service.mjs'), web.replace('edge: true', 'edge: true, port: 8030'))
  const stale = await build(cwd, '--check')
  expect(stale.code).toBe(1)
  expect(stale.stdout).toContain('outdated Dockerfile\n')
  expect(stale.stdout).toContain('- EXPOSE 8080\n+ ENV PORT=8030\n+ EXPOSE 8030\n')
  expect(await build(cwd)).toMatchObject({ code: 0, stdout: expect.stringContaining('wrote Dockerfile\n') as string })
  expect(await build(cwd, '--check')).toMatchObject({ code: 0 })
})

it('never overwrites a file that was edited by hand, unless it is forced', async () => {
  const cwd = await builtShop()
  const file = join(cwd, 'compose.yaml')
  const edited = `${await readFile(file, 'utf8')}# ours\n`
  await writeFile(file, edited)
  const { code, stdout, stderr } = await build(cwd)
  expect([code, stderr]).toEqual([1, 'compose.yaml: edited by hand, not overwritten; tricube build --force does\n'])
  expect(stdout).toMatch(/^edited compose\.yaml\n[^]*\n- # ours\n/)
  expect(await readFile(file, 'utf8')).toBe(edited)
  expect(await build(cwd, '--force')).toMatchObject({ code: 0, stdout: 'wrote compose.yaml\n' })

  await writeFile(join(cwd, 'Dockerfile'), 'FROM scratch\n') // one that was there before
  expect(await build(cwd)).toMatchObject({ code: 1 })
  expect(await readFile(join(cwd, 'Dockerfile'), 'utf8')).toBe('FROM scratch\n')
})

it('takes a file with other line breaks for the same', async () => {
  const cwd = await builtShop()
  const file = join(cwd, 'Dockerfile')
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll('\n', '\r\n'))
  expect(await build(cwd, '--check')).toMatchObject({ code: 0 })
})

it.each([
  [
    'no package.json',
    { 'service.mjs': catalog },
    'package.json not found: run tricube build in the folder of your project\n',
  ],
  [
    'two services on one port',
    {
      'package.json': '{}',
      'a/service.mjs': serviceOf('a-service', 'port: 8010'),
      'b/service.mjs': serviceOf('b-service', 'port: 8010'),
    },
    'a and b have the same port, 8010; change one of them\n',
  ],
  [
    'two services of one name',
    { 'package.json': '{}', 'a/service.mjs': serviceOf('a-service', ''), 'b/service.mjs': serviceOf('a-service', '') },
    'a and b have the same name, a-service; change one of them\n',
  ],
  [
    'no service',
    { 'package.json': '{}' },
    '.: no service found; expected service.ts or */service.ts in this folder; add one there with tricube add service billing\n',
  ],
])('rejects %s', async (_, files, message) => {
  const cwd = await folderOf(files)
  expect(await build(cwd)).toEqual({ code: 1, stdout: '', stderr: message })
})

it('writes YAML that is read as the same value', () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('no', 'null', '1e3', '- a', 'a: b', '#x', ' x', 'a\nb\n', '${X:-1}', '@a', '*', '!x', '2024-01-01'),
  )
  const { value } = fc.letrec<{ value: Yaml }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      text,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(text, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }))
  fc.assert(
    fc.property(value, (one) => {
      expect(parse(toYaml(one))).toEqual(one)
    }),
  )
})
