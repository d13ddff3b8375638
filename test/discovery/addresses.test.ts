import { networkInterfaces } from 'node:os'
import { consulRegistry } from 'tricube/discovery'
import { describe, expect, it } from 'vitest'
import { addressTowards } from '../../src/discovery/advertise.ts'
import { parseAgentAddress } from '../../src/discovery/consul/address.ts'

describe('parseAgentAddress', () => {
  it.each([
    ['127.0.0.1:8500', 'http://127.0.0.1:8500'],
    ['consul.internal', 'http://consul.internal:8500'],
    ['consul.internal:80', 'http://consul.internal:80'],
    ['http://consul.internal', 'http://consul.internal:80'],
    ['https://consul.internal/', 'https://consul.internal:443'],
    ['HTTPS://consul.internal:8501/a/b/', 'https://consul.internal:8501/a/b'],
    ['[::1]:8500', 'http://::1:8500'],
    ['http://[fd00::2]', 'http://fd00::2:80'],
  ])('%s', (text, expected) => {
    const { secure, host, port, basePath } = parseAgentAddress(text)
    expect(`${secure ? 'https' : 'http'}://${host}:${port}${basePath}`).toBe(expected)
  })

  it('parses a Unix socket, and uses TLS by another variable', () => {
    expect(parseAgentAddress('unix:///run/consul.sock')).toMatchObject({
      socketPath: '/run/consul.sock',
      secure: false,
    })
    expect(parseAgentAddress('127.0.0.1:8501', { ssl: true })).toMatchObject({ secure: true, port: 8501 })
  })

  it.each(['', 'a b', 'ftp://a', 'http://', 'a:70000', 'a:b', 'http://user:password@a', 'a?b', 'unix://'])(
    'rejects %j',
    (text) => {
      expect(() => parseAgentAddress(text)).toThrow(TypeError)
      expect(() => consulRegistry({ address: text })).toThrow(
        `"${text}" is not an address of a Consul agent: expected host:port, https://host:port or unix:///path`,
      )
    },
  )
})

it('finds the address of this machine on the route to a host', async () => {
  expect(await addressTowards('127.0.0.1', 8500)).toBe('127.0.0.1')
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses!.map(({ address }) => address))
  for (const address of own.filter((one) => !one.startsWith('fe80:'))) {
    expect(own).toContain(await addressTowards(address, 8500))
  }
  await expect(addressTowards('nowhere.invalid', 8500)).rejects.toThrow()
})
