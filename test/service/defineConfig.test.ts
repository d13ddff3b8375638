import { contract, defineConfig, resource, secret, service, t } from 'tricube'
import { expect, it } from 'vitest'

const mailer = resource({ settings: { smtpUrl: t.String() }, open: ({ settings }) => settings.smtpUrl })
const payments = service(contract('payment-service', {}), {
  settings: { pspUrl: t.String({ format: 'uri' }), retries: t.Integer({ default: 3 }), pspKey: secret() },
  resources: { mailer },
  handlers: {},
})
const plain = service(contract('plain-service', {}), { handlers: {} })

it('defineConfig knows the settings of a service, and of a type', () => {
  const pspUrl = 'https://psp.example'
  expect(defineConfig<typeof payments>({ pspUrl, retries: 1, pspKey: 'k', port: 80 })).toHaveProperty('pspUrl', pspUrl)
  expect(defineConfig<{ smtpUrl: string }>({ smtpUrl: 'smtp://a', logLevel: 'warn' })).toHaveProperty('smtpUrl')
  expect(defineConfig<typeof plain>({ logLevel: 'debug' })).toEqual({ logLevel: 'debug' })
})

it('defineConfig does not compile with a misspelt name or a wrong type', () => {
  // @ts-expect-error a number
  defineConfig<typeof payments>({ retries: '1' })
  // @ts-expect-error misspelt
  defineConfig<typeof payments>({ pspUlr: '' })
  // @ts-expect-error misspelt
  defineConfig<typeof payments>({ logLevl: 'debug' })
  // @ts-expect-error of no service
  defineConfig({ pspUrl: '' })
  // @ts-expect-error of another service
  defineConfig<typeof plain>({ pspUrl: '' })
  // @ts-expect-error a level
  expect(defineConfig<typeof payments>({ logLevel: 'loud' })).toEqual({ logLevel: 'loud' })
})
