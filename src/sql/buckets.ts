/**
 * Keys are hashed to buckets, buckets to shards by rendezvous hashing: each bucket goes to the shard that scores highest
 * for it, so that a new shard takes buckets only for itself, and one that goes leaves only its own.
 * https://en.wikipedia.org/wiki/Rendezvous_hashing
 */
import { createHash } from 'node:crypto'

/** A bucket that changes its shard. */
export interface BucketMove {
  readonly bucket: number
  readonly from: string
  readonly to: string
}

/** The bucket of a key, from 0. */
export function bucketOf(key: string, buckets: number): number {
  return Number(score(key) % BigInt(buckets))
}

/** The shard of a bucket. */
export function shardOfBucket(bucket: number, shards: readonly string[]): string {
  let best = ''
  let bestScore = -1n
  for (const shard of shards) {
    const shardScore = score(`${shard}\0${bucket}`)
    if (shardScore > bestScore) {
      best = shard
      bestScore = shardScore
    }
  }
  return best
}

/**
 * A dry run of a change of shards: which buckets would move where. The data of each has to be moved before the change.
 * @example bucketMoves(['a', 'b'], ['a', 'b', 'c'], 64)
 */
export function bucketMoves(
  before: readonly string[],
  after: readonly string[],
  buckets: number,
): readonly BucketMove[] {
  return Array.from({ length: buckets }, (_, bucket) => ({
    bucket,
    from: shardOfBucket(bucket, before),
    to: shardOfBucket(bucket, after),
  })).filter(({ from, to }) => from !== to)
}

function score(text: string): bigint {
  return createHash('sha256').update(text).digest().readBigUInt64BE()
}
