import { fakeConsul } from '../../fakeConsul/fakeConsul.ts'

/** The registry in which the services of `tricube dev` find each other. */
export interface DevRegistry {
  /** The value of `CONSUL_HTTP_ADDR`. */
  readonly url: string
  readonly isFake: boolean
  stop(): Promise<void>
}

/** Returns the Consul of CONSUL_HTTP_ADDR or starts one in memory, so that development works like production. */
export async function openRegistry(): Promise<DevRegistry> {
  const url = process.env['CONSUL_HTTP_ADDR']
  if (url) return { url, isFake: false, stop: () => Promise.resolve() }
  const consul = await fakeConsul()
  return { url: consul.url, isFake: true, stop: () => consul.stop() }
}
