import type { Readable } from 'node:stream'

export declare const feed: (draining: AbortSignal) => Readable
