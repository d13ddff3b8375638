import type { EndpointSlice, WatchEvent } from '../discovery/kubernetes/api.ts'

/** A slice as a test writes it. */
export interface FakeSlice extends Omit<EndpointSlice, 'metadata' | 'addressType'> {
  /** The Service whose endpoints it has. */
  readonly service: string
  /** Default `default`. */
  readonly namespace?: string
  /** Default `IPv4`. */
  readonly addressType?: EndpointSlice['addressType']
}

/** A slice with what the API adds to it. */
export interface StoredSlice extends EndpointSlice {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly resourceVersion: string
    readonly labels: Readonly<Record<string, string>>
  }
}

interface Logged {
  readonly version: number
  readonly event: WatchEvent & { readonly object: StoredSlice }
}

/** Which slices a request is about. */
export interface Selection {
  readonly namespace: string
  readonly service: string
}

/** The slices of a cluster, and the history of their changes. */
export class SliceStore {
  readonly #slices = new Map<string, StoredSlice>()
  readonly #history: Logged[] = []
  readonly #waiting = new Set<() => void>()
  #version = 1
  #oldest = 1

  get version(): number {
    return this.#version
  }

  /** Whether the history still reaches back to a version. */
  reachesBackTo(version: number): boolean {
    return version >= this.#oldest
  }

  set(name: string, { service, namespace = 'default', addressType = 'IPv4', ...rest }: FakeSlice): void {
    const type = this.#slices.has(name) ? 'MODIFIED' : 'ADDED'
    this.#version += 1
    const labels = { 'kubernetes.io/service-name': service }
    const slice = {
      ...rest,
      addressType,
      metadata: { name, namespace, labels, resourceVersion: String(this.#version) },
    }
    this.#slices.set(name, slice)
    this.#log({ type, object: slice })
  }

  delete(name: string): void {
    const slice = this.#slices.get(name)
    if (!slice) return
    this.#slices.delete(name)
    this.#version += 1
    const metadata = { ...slice.metadata, resourceVersion: String(this.#version) }
    this.#log({ type: 'DELETED', object: { ...slice, metadata } })
  }

  /** Forgets the history: who asks for changes since an earlier version is told so. */
  compact(): void {
    this.#oldest = this.#version
    this.#history.length = 0
  }

  list(selection: Selection): readonly StoredSlice[] {
    return [...this.#slices.values()].filter((slice) => isSelected(slice, selection))
  }

  since(version: number, selection: Selection): readonly Logged[] {
    return this.#history.filter((one) => one.version > version && isSelected(one.event.object, selection))
  }

  /** Resolves at the next change, or when the signal aborts. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#waiting.add(done)
      signal.addEventListener('abort', done, { once: true })
    })
  }

  #log(event: Logged['event']): void {
    this.#history.push({ version: this.#version, event })
    for (const wake of this.#waiting) wake()
  }
}

function isSelected({ metadata: { namespace, labels } }: StoredSlice, selection: Selection): boolean {
  return namespace === selection.namespace && labels['kubernetes.io/service-name'] === selection.service
}
