import { fakeConsul } from '../../fakeConsul/fakeConsul.ts'

/** Where the services of `tricube dev` find each other. */
export interface DevRegistry {
  /** For `CONSUL_HTTP_ADDR`. */
  readonly url: string
  readonly isFake: boolean
  stop(): Promise<void>
}

/** The Consul of CONSUL_HTTP_ADDR, else one in memory: services do in development what they do in production. */
export async function openRegistry(): Promise<DevRegistry> {
  const given = process.env['CONSUL_HTTP_ADDR']
  if (given) return { url: given, isFake: false, stop: () => Promise.resolve() }
  const consul = await fakeConsul()
  return { url: consul.url, isFake: true, stop: () => consul.stop() }
}
