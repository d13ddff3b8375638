import { contract, t } from 'tricube'
import type { Client } from 'tricube/client'
import { expect, it, vi } from 'vitest'
import { logging } from '../../log/logFile.ts'
import { echoService, good, rawCallee, warmUp, type RawRequest } from './laneCallee.ts'

const askService = contract('ask-service', {
  ask: { route: 'GET /ask/:id', params: { id: t.Integer() }, returns: t.Integer() },
})
const timeout = 'HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'

/** Closes a lane as `end` does, and returns the warnings of the calling service. */
async function warningsAfter(end: (last: RawRequest) => void): Promise<string[]> {
  let crossed: ((request: RawRequest) => void) | undefined
  const callee = await rawCallee((request) => {
    if (crossed && request.sequence !== undefined) crossed(request)
    else request.respond()
  })
  vi.stubEnv('TRICUBE_SERVICES', `echo-service=${callee.address}`)
  const { app, lines } = await logging(askService, {
    clients: { echo: echoService },
    handlers: {
      ask: async ({ params, clients }) => {
        const { echo } = clients as unknown as { echo: Client<typeof echoService> }
        return (await echo.echo({ params })).id
      },
    },
  })
  const { url } = await app.listen()
  const ask = async (id: number) => (await fetch(`${url}/ask/${id}`)).json()
  await warmUp({ echo: ({ params }: { params: { id: number } }) => ask(params.id) } as never, callee)
  const last = callee.onLanes.at(-1)!
  if (end === crossRequest) {
    crossed = (request) => {
      crossed = undefined
      end(request)
    }
    await ask(1)
  } else end(last)
  await expect.poll(() => last.socket.destroyed).toBe(true)
  expect(await ask(7)).toEqual({ code: 0, data: 7 })
  return (await lines()).filter(({ level }) => level === 'warn').map(({ msg }) => msg as string)
}

const crossRequest = ({ socket }: RawRequest): void => void socket.end(timeout)

it('closes a lane without a warning when the callee says that it was idle for too long', async () => {
  expect(await warningsAfter(({ socket }) => socket.end(timeout))).toEqual([])
})

it('closes a lane without a warning when that response crosses a request, which is retried', async () => {
  expect(await warningsAfter(crossRequest)).toEqual([])
})

it('warns when a callee sends a response that has no request', async () => {
  const warnings = await warningsAfter((one) => void one.socket.write(good(one)))
  expect(warnings).toEqual(['closed a shared connection: the callee violated HTTP'])
})
