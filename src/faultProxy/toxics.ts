/** The direction of a toxic: bytes that the client sends (`upstream`) or receives (`downstream`). */
export type Stream = 'upstream' | 'downstream'

/** Delays every byte by `latencyMs`, plus or minus up to `jitterMs` (default 0), and keeps the order. */
export interface LatencyToxic {
  readonly type: 'latency'
  readonly latencyMs: number
  readonly jitterMs?: number
  /** Default: downstream. */
  readonly stream?: Stream
}

/** Limits the throughput. */
export interface BandwidthToxic {
  readonly type: 'bandwidth'
  readonly bytesPerSecond: number
  /** Default: downstream. */
  readonly stream?: Stream
}

/** Splits data into slices of `averageBytes`, plus or minus `variationBytes` (default 0), `delayMs` (default 0) apart. */
export interface SlicerToxic {
  readonly type: 'slicer'
  readonly averageBytes: number
  readonly variationBytes?: number
  readonly delayMs?: number
  /** Default: downstream. */
  readonly stream?: Stream
}

/**
 * Stops all data, and the end of the stream: a black hole. The connection is closed after `timeoutMs`, or, with 0, the
 * default, when the toxic is removed.
 */
export interface TimeoutToxic {
  readonly type: 'timeout'
  readonly timeoutMs?: number
  /** Default: downstream. */
  readonly stream?: Stream
}

/** Resets both ends of each connection (TCP RST) after `timeoutMs` (default 0: at once). */
export interface ResetPeerToxic {
  readonly type: 'reset_peer'
  readonly timeoutMs?: number
}

/** Resets open connections and does not accept new ones. */
export interface DownToxic {
  readonly type: 'down'
}

/** A fault of a connection, named as in toxiproxy (https://github.com/Shopify/toxiproxy#toxics). */
export type Toxic = LatencyToxic | BandwidthToxic | SlicerToxic | TimeoutToxic | ResetPeerToxic | DownToxic

/** The combined effect of the toxics of one direction. */
export interface Conditions {
  readonly isSilent: boolean
  readonly latencyMs: number
  readonly jitterMs: number
  /** Infinity: no limit. */
  readonly bytesPerSecond: number
  readonly slicer: SlicerToxic | undefined
}

/** Combines the toxics of one direction: the sum of latencies, the lowest bandwidth, the last slicer. */
export function conditionsOf(toxics: Iterable<Toxic>, stream: Stream): Conditions {
  let [isSilent, latencyMs, jitterMs, bytesPerSecond] = [false, 0, 0, Number.POSITIVE_INFINITY]
  let slicer: SlicerToxic | undefined
  for (const toxic of toxics) {
    if (toxic.type === 'down' || toxic.type === 'reset_peer' || (toxic.stream ?? 'downstream') !== stream) continue
    if (toxic.type === 'timeout') isSilent = true
    if (toxic.type === 'latency') latencyMs += toxic.latencyMs
    if (toxic.type === 'latency') jitterMs += toxic.jitterMs ?? 0
    if (toxic.type === 'bandwidth') bytesPerSecond = Math.min(bytesPerSecond, toxic.bytesPerSecond)
    if (toxic.type === 'slicer') slicer = toxic
  }
  return { isSilent, latencyMs, jitterMs, bytesPerSecond, slicer }
}

/** The quantities of each toxic and the minimum of each. */
const quantities: Readonly<Record<Toxic['type'], Readonly<Record<string, number>>>> = {
  latency: { latencyMs: 0, jitterMs: 0 },
  bandwidth: { bytesPerSecond: 1 },
  slicer: { averageBytes: 1, variationBytes: 0, delayMs: 0 },
  timeout: { timeoutMs: 0 },
  reset_peer: { timeoutMs: 0 },
  down: {},
}
const required = new Set(['latencyMs', 'bytesPerSecond', 'averageBytes'])

/**
 * Checks the type and the quantities of a toxic.
 *
 * @throws {TypeError} with one line that names the faulty field
 */
export function checkToxic(toxic: Toxic): void {
  const known = Object.keys(quantities)
  if (!known.includes(toxic.type)) {
    throw new TypeError(`unknown toxic "${toxic.type}": expected one of ${known.join(', ')}`)
  }
  const options = toxic as unknown as Readonly<Record<string, unknown>>
  for (const [name, least] of Object.entries(quantities[toxic.type])) {
    const value = options[name]
    if (value === undefined && !required.has(name)) continue
    if (typeof value === 'number' && value >= least && value < Number.POSITIVE_INFINITY) continue
    throw new TypeError(`${toxic.type}: ${name} must be a number of at least ${least}, got ${String(value)}`)
  }
}
