import type { LateLog } from '../../log/late.ts'
import type { Clock } from '../../time/clock.ts'
import { Pace } from '../../time/pace.ts'
import { registryBackoff } from '../backoff.ts'
import { instanceSets } from '../instances.ts'
import type { Instance } from '../registry.ts'
import type { EndpointSlice, KubernetesError } from './api.ts'
import { VersionExpired, type SliceClient } from './client.ts'
import { toInstances, type SliceOptions } from './instances.ts'
import { roleFor } from './role.ts'

/** What all watches of one registry share. */
export interface FollowContext {
  readonly client: SliceClient
  readonly namespace: () => Promise<string>
  readonly clock: Clock
  readonly random: () => number
  readonly log: LateLog | undefined
}

/**
 * Follows the instances of a service until the signal aborts.
 *
 * A list is the truth, also when it is empty. A failure changes nothing: the last known instances stay.
 */
export async function follow(
  options: SliceOptions,
  onChange: (instances: readonly Instance[]) => void,
  { client, namespace, clock, random, log }: FollowContext,
  signal: AbortSignal,
): Promise<void> {
  const { service } = options
  const slices = new Map<string, EndpointSlice>()
  const pace = new Pace({ periodMs: 500, burst: 10 }) // an API that ends each watch at once is not asked without end
  const backoffMs = registryBackoff(random)
  let known: readonly Instance[] | undefined
  let version: string | undefined
  let failures = 0

  while (!signal.aborted) {
    await clock.wait(pace.next(clock.now()), signal)
    if (signal.aborted) return
    try {
      if (version === undefined) await list()
      await watch()
    } catch (error) {
      if (signal.aborted) return
      await recover(error as Error)
    }
  }

  async function list(): Promise<void> {
    const listed = await client.list(service, signal)
    slices.clear()
    for (const slice of listed.slices) slices.set(slice.metadata.name, slice)
    version = listed.version
    works()
    publish()
  }

  async function watch(): Promise<void> {
    for await (const { type, object } of client.watch(service, version!, signal)) {
      const slice = object as EndpointSlice
      version = slice.metadata.resourceVersion ?? version
      works()
      if (type === 'ADDED' || type === 'MODIFIED') slices.set(slice.metadata.name, slice)
      else if (type === 'DELETED') slices.delete(slice.metadata.name)
      else continue
      publish()
    }
  }

  function publish(): void {
    const instances = toInstances(slices.values(), options)
    if (signal.aborted || (known && instanceSets.equals(known, instances))) return
    known = instances
    try {
      onChange(instances)
    } catch (error) {
      log?.error({ err: error, service }, 'a listener of a Kubernetes watch threw an error')
    }
  }

  function works(): void {
    if (failures > 0) log?.info({ service, failures }, 'the API of Kubernetes responds again')
    failures = 0
  }

  async function recover(error: Error): Promise<void> {
    if (error instanceof VersionExpired) {
      version = undefined
      // After a restart of the API all callers come back: not at the same moment.
      await clock.wait(random() * longestJitterMs, signal)
      return
    }
    failures += 1
    if (failures >= failuresBeforeList) version = undefined
    if (failures === 1) await report(error)
    const { retryAfterMs = 0 } = error as Partial<KubernetesError>
    await clock.wait(Math.max(retryAfterMs, backoffMs(failures)), signal)
  }

  async function report(error: Error): Promise<void> {
    const { status } = error as Partial<KubernetesError>
    if (status === 403) {
      const role = roleFor(await namespace())
      log?.error({ err: error, service }, `the service account may not watch EndpointSlices; apply this:\n${role}`)
    } else {
      log?.warn({ err: error, service }, 'the API of Kubernetes does not respond: using the last known instances')
    }
  }
}

/** A version that one API server does not know yet may be known by the next. After this many failures, the list decides. */
const failuresBeforeList = 3
const longestJitterMs = 500
