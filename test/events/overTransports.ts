import { afterEach, beforeEach, describe, vi } from 'vitest'
import { natsBinary, realNats, type RealNats } from './realNats.ts'

/** Declares tests over the feed and, where it is installed, over NATS. `nats` returns the server of the test. */
export function overTransports(declare: (nats: () => RealNats | undefined) => void): void {
  describe.each(natsBinary ? ['the feed', 'NATS'] : ['the feed'])('over %s', (transport) => {
    let nats: RealNats | undefined
    beforeEach(async () => {
      if (transport === 'the feed') return
      nats = await realNats()
      vi.stubEnv('EVENTS_URL', nats.url)
    })
    afterEach(async () => {
      await nats?.[Symbol.asyncDispose]()
      nats = undefined
    })
    declare(() => nats)
  })
}
