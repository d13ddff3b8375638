import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import * as http from 'node:http'
import type { Duplex } from 'node:stream'
import { Dispatcher } from 'undici'
import type { ForeignHttpMocks } from './mocks.ts'

/** Runs code whose requests by `fetch`, undici and `node:http` go to the mocks of a test. */
export const mocked: AsyncLocalStorage<ForeignHttpMocks> = new AsyncLocalStorage()

let users = 0
let restore: () => void = () => {}

/** Has requests go to the mocks of the test that they belong to, until the returned function is called. */
export function intercept(): () => void {
  if (users++ === 0) restore = install()
  return () => {
    if (--users === 0) restore()
  }
}

function install(): () => void {
  const undone = [...dispatcherKeys.map(interceptDispatcher), interceptAgents(), watchConnections()]
  return () => {
    for (const undo of undone) undo()
  }
}

/** Where Node's own fetch and every copy of undici look for the global dispatcher. */
const dispatcherKeys = ['undici.globalDispatcher.1', 'undici.globalDispatcher.2'].map((name) => Symbol.for(name))
type Globals = Record<symbol, Dispatcher | undefined>

function interceptDispatcher(key: symbol): () => void {
  const globals = globalThis as unknown as Globals
  const real = globals[key]
  if (!real) return () => {}
  const ours = new MockingDispatcher(real)
  globals[key] = ours
  return () => {
    if (globals[key] === ours) globals[key] = real
  }
}

class MockingDispatcher extends Dispatcher {
  readonly #real: Dispatcher

  constructor(real: Dispatcher) {
    super()
    this.#real = real
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const mocks = mocked.getStore()
    const isMocked = mocks && !mocks.isReal(new URL(options.origin ?? '').origin)
    return (isMocked ? mocks.agent : this.#real).dispatch(options, handler)
  }
}

type AddRequest = (
  this: http.Agent & { readonly protocol: string },
  request: { onSocket(socket: Duplex): void },
  options: http.RequestOptions,
) => void

/** `node:http` and `node:https` ask their agent for a connection. */
function interceptAgents(): () => void {
  const agents = http.Agent.prototype as unknown as { addRequest: AddRequest }
  const real = agents.addRequest
  const ours: AddRequest = function (this, request, options) {
    const mocks = options.socketPath ? undefined : mocked.getStore()
    const origin = mocks && new URL(`${this.protocol}//${options.host}:${options.port}`).origin
    if (!mocks || mocks.isReal(origin!)) return real.call(this, request, options)
    const socket = mocks.connect(origin!)
    socket.on('free', () => socket.destroy())
    request.onSocket(socket)
  }
  agents.addRequest = ours
  return () => {
    if (agents.addRequest === ours) agents.addRequest = real
  }
}

interface Connecting {
  readonly connectParams: { readonly protocol: string; readonly host: string; readonly hostname: string }
}

/** Reports connections of dispatchers that a service has made itself. */
function watchConnections(): () => void {
  const channel = 'undici:client:beforeConnect'
  const onConnect = (message: unknown): void => {
    const { protocol, host, hostname } = (message as Connecting).connectParams
    const { origin } = new URL(`${protocol}//${host}`)
    const mocks = mocked.getStore()
    if (mocks && !mocks.isReal(origin) && !isLoopback(hostname)) mocks.connecting(origin)
  }
  subscribe(channel, onConnect)
  return () => void unsubscribe(channel, onConnect)
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
}
