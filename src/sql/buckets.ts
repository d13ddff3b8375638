/**
 * Maps keys to buckets by hash, and buckets to shards by rendezvous hashing: the shard with the highest score gets the
 * bucket. So a new shard only takes buckets, and a removed one only leaves its own.
 * https://en.wikipedia.org/wiki/Rendezvous_hashing
 */
import { createHash } from 'node:crypto'

/** A bucket that moves to another shard. */
export interface BucketMove {
  readonly bucket: number
  readonly from: string
  readonly to: string
}

/** Returns the bucket of a key, from 0. */
export function bucketOf(key: string, buckets: number): number {
  return Number(score(key) % BigInt(buckets))
}

/** Returns the shard of a bucket. */
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
 * Returns the buckets that would move if you changed the shards. Move their data before the change.
 * @example
 * const moves = bucketMoves(['a', 'b'], ['a', 'b', 'c'], 64)
 * for (const { bucket, from, to } of moves) console.log(`${bucket}: ${from} → ${to}`)
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
