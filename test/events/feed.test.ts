/** What publishers serve to subscribers. */
import { service } from 'tricube'
import { describe, expect, it, vi } from 'vitest'
import { publish, publisher, started, urls, useServices } from './services.ts'

useServices()

describe('the feed', () => {
  it.each([
    ['after=nowhere', 'after: expected a position that the feed has returned, got \\"nowhere\\"'],
    ['from=later', 'from: expected now, beginning or a time'],
  ])('rejects %s', async (query, message) => {
    const { url } = await publish()
    const response = await fetch(`${url}/tricube/events?names=noted&${query}`)
    expect(response.status).toBe(400)
    expect(await response.text()).toContain(message)
  })

  it('says when what a subscriber has not read was deleted', async () => {
    const { url, db } = await publish()
    await db.execute`UPDATE tricube.event_ticks SET id = 50 WHERE id = 1`
    const response = await fetch(`${url}/tricube/events?names=noted&after=:1.1.0`)
    expect(response.status).toBe(410)
    expect(await response.text()).toContain('have been deleted')
  })

  it('does not exist on a service with edge: true', async () => {
    vi.stubEnv('DATABASE_URL', urls().publisher)
    const one = service(publisher, { models: {}, handlers: {}, edge: true })
    const { url } = await started(one)
    expect((await fetch(`${url}/tricube/events?names=noted`)).status).toBe(404)
  })
})
