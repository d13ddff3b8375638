import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { parse } from 'yaml'
import { built } from '../built.ts'
import { build, expectCompose, expectKubernetes, filesIn, index } from './buildProject.ts'
import { folderOf } from './run.ts'

vi.setConfig({ testTimeout: 120_000 }) // each run loads services

/** A shop whose payments know their callers by their keys. */
const keyed = (serviceTokens: string, config = 'export default {}'): Record<string, string> => ({
  'package.json': '{ "name": "keyed" }',
  'tricube.config.mjs': config,
  'payment-service/contract.mjs': `import { contract, t } from ${JSON.stringify(index)}
    export const payments = contract('payment-service', {
      charge: { route: 'POST /charges', returns: t.String(), auth: 'service', callers: ['order-service'] } })`,
  'payment-service/service.mjs': `import { service } from ${JSON.stringify(index)}
    import { serviceTokens } from ${JSON.stringify(built('auth/index.js').href)}
    import { payments } from './contract.mjs'
    export default service(payments, { port: 8020, auth: { service: ${serviceTokens} }, handlers: { charge: () => 'x' } })`,
  'order-service/service.mjs': `import { contract, service, t } from ${JSON.stringify(index)}
    import { payments } from '../payment-service/contract.mjs'
    const orders = contract('order-service', { get: { route: 'GET /orders', returns: t.String() } })
    export default service(orders, { port: 8010, clients: { payments }, handlers: { get: () => 'x' } })`,
  'web-service/service.mjs': `import { contract, service, t } from ${JSON.stringify(index)}
    const web = contract('web-service', { get: { route: 'GET /', returns: t.String() } })
    export default service(web, { port: 8030, handlers: { get: () => 'x' } })`,
})

interface Compose {
  readonly services: Record<string, { readonly environment: object; readonly volumes?: readonly string[] }>
}

/** What `tricube build` writes and prints for it: the first test runs it. */
let run: { stdout: string; files: Record<string, string> } | undefined

async function builtShop(): Promise<NonNullable<typeof run>> {
  if (run) return run
  const cwd = await folderOf(keyed('serviceTokens()'))
  const { code, stderr, stdout } = await build(cwd)
  expect([code, stderr]).toEqual([0, ''])
  return (run = { stdout, files: await filesIn(cwd) })
}

describe('services that know each other by their keys', () => {
  it.each(['compose.yaml', 'compose.cluster.yaml'])('have them in %s', async (file) => {
    const { files } = await builtShop()
    const { services } = parse(files[file]!) as Compose
    const { 'order-service': caller, 'payment-service': callee, 'web-service': other } = services
    expect(caller!.environment).toMatchObject({ SERVICE_KEY_FILE: '/run/service-key/service-key.pem' })
    expect(caller!.volumes).toEqual(['./certs/order-service:/run/service-key:ro'])
    expect(callee!.environment).toMatchObject({ SERVICE_KEYS_DIR: '/run/service-keys' })
    expect(callee!.volumes).toEqual(['./service-keys:/run/service-keys:ro'])
    expect(JSON.stringify(other)).not.toMatch(/service-key|SERVICE_KEY/)
    expectCompose(files)
  })

  it('have them in Kubernetes', async () => {
    const { files } = await builtShop()
    const golden = fileURLToPath(new URL('golden/keyed/', import.meta.url))
    await expect(files['k8s/base/order-service.yaml']).toMatchFileSnapshot(`${golden}order-service.yaml`)
    await expect(files['k8s/base/payment-service.yaml']).toMatchFileSnapshot(`${golden}payment-service.yaml`)
    expectKubernetes(files)
  })

  it('keep private keys out of images', async () => {
    const { files } = await builtShop()
    expect(files['.dockerignore']).toMatch(/\ncerts\/order-service\nservice-keys\n$/)
  })

  it('ask you for the keys', async () => {
    const { stdout } = await builtShop()
    expect(stdout.split('\n').filter((line) => line.includes(': for '))).toEqual([
      'order-service: for Compose, put its private key into ./certs/order-service/service-key.pem, readable for user 1000',
      'order-service: for Kubernetes, kubectl create secret generic order-service-key -n keyed --from-file=service-key.pem',
      'payment-service: for Compose, put the public keys of callers into ./service-keys: order-service.pem',
      'payment-service: for Kubernetes, kubectl create configmap service-keys -n keyed --from-file=service-keys',
    ])
  })
})

it.each([
  [
    'a folder that the code names',
    "serviceTokens({ keys: '/etc/callers' })",
    undefined,
    './service-keys:/etc/callers:ro',
  ],
  [
    'no folder for keys in the image',
    "serviceTokens({ keys: new URL('./keys/', import.meta.url) })",
    undefined,
    undefined,
  ],
  [
    'no folder that the configuration names',
    'serviceTokens()',
    "export default { serviceKeysDir: '/etc/keys' }",
    undefined,
  ],
])('mounts %s', async (_, serviceTokens, config, volume) => {
  const cwd = await folderOf(keyed(serviceTokens, config))
  expect(await build(cwd)).toMatchObject({ code: 0, stderr: '' })
  const { services } = parse((await filesIn(cwd))['compose.yaml']!) as Compose
  expect(services['payment-service']!.volumes).toEqual(volume && [volume])
})
