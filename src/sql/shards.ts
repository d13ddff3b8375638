import type { ShardsOptions } from './api/options.ts'
import { BadRequest } from '../contract/errors.ts'
import type { Cluster } from './pool/cluster.ts'
import { bucketOf, shardOfBucket } from './buckets.ts'
import type { RequestScope } from './api/observer.ts'

/** The clusters of a database. */
export class Shards {
  readonly clusters: ReadonlyMap<string, Cluster>
  readonly #home: Cluster | undefined
  readonly #options: ShardsOptions | undefined
  // With `hash`: the shard of each bucket.
  readonly #buckets: readonly string[]

  constructor(home: Cluster | undefined, clusters: ReadonlyMap<string, Cluster>, options: ShardsOptions | undefined) {
    this.clusters = clusters
    this.#home = home
    this.#options = options
    const names = [...clusters.keys()]
    this.#buckets = Array.from({ length: options?.hash ?? 0 }, (_, bucket) => shardOfBucket(bucket, names))
  }

  get hasReplicas(): boolean {
    return this.all.some((cluster) => cluster.hasReplicas)
  }

  get all(): readonly Cluster[] {
    return this.#home ? [this.#home, ...this.clusters.values()] : [...this.clusters.values()]
  }

  /** Returns the cluster of a request: its shard, or the database without shards. Throws a BadRequest without a key. */
  of(request: RequestScope | undefined): Cluster {
    const key = request && this.#options?.key?.(request)
    if (key !== undefined) return this.ofKey(key)
    if (this.#home) return this.#home
    if (request && this.#options?.key) throw new BadRequest('the shard key is missing')
    throw new TypeError('the shard is not known: use db.shard(name), db.shards.of(key) or db.forRequest(request)')
  }

  /** Returns the shard of a key. */
  ofKey(key: string | number): Cluster {
    const { length } = this.#buckets
    return this.named(length === 0 ? String(key) : this.#buckets[bucketOf(String(key), length)]!)
  }

  named(name: string): Cluster {
    const cluster = this.clusters.get(name)
    if (!cluster) throw new BadRequest(`no such shard: ${name}`)
    return cluster
  }
}
