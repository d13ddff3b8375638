/** Whose bytes a toxic meets: those that the client sends (`upstream`), or those that it is sent (`downstream`). */
export type Stream = 'upstream' | 'downstream'

/** Every byte comes later by `latencyMs`, give or take up to `jitterMs` (default 0), and none overtakes another. */
export interface LatencyToxic {
  readonly type: 'latency'
  readonly latencyMs: number
  readonly jitterMs?: number
  /** Default: downstream. */
  readonly stream?: Stream
}

/** No more than so many bytes come through in a second. */
export interface BandwidthToxic {
  readonly type: 'bandwidth'
  readonly bytesPerSecond: number
  /** Default: downstream. */
  readonly stream?: Stream
}

/** Bytes come in pieces of about `averageBytes`, give or take `variationBytes` (default 0), `delayMs` (default 0) apart. */
export interface SlicerToxic {
  readonly type: 'slicer'
  readonly averageBytes: number
  readonly variationBytes?: number
  readonly delayMs?: number
  /** Default: downstream. */
  readonly stream?: Stream
}

/**
 * Nothing comes through, not even the end: a black hole. The connection is closed after `timeoutMs`; with 0, the default,
 * when the toxic is removed.
 */
export interface TimeoutToxic {
  readonly type: 'timeout'
  readonly timeoutMs?: number
  /** Default: downstream. */
  readonly stream?: Stream
}

/** Both ends of each connection are reset (TCP RST) after `timeoutMs` (default 0: at once). */
export interface ResetPeerToxic {
  readonly type: 'reset_peer'
  readonly timeoutMs?: number
}

/** Connections are refused, and those that are open are reset. */
export interface DownToxic {
  readonly type: 'down'
}

/** What can be wrong with a connection, under the names of toxiproxy (https://github.com/Shopify/toxiproxy#toxics). */
export type Toxic = LatencyToxic | BandwidthToxic | SlicerToxic | TimeoutToxic | ResetPeerToxic | DownToxic

/** What the toxics of one direction come to. */
export interface Conditions {
  readonly isSilent: boolean
  readonly latencyMs: number
  readonly jitterMs: number
  /** Infinity: as fast as it goes. */
  readonly bytesPerSecond: number
  readonly slicer: SlicerToxic | undefined
}

/** Adds up the toxics of one direction: latencies to their sum, bandwidths to the lowest, of slicers the last. */
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

/** Of each toxic its quantities, and the least that each may be. */
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
 * Refuses a toxic that cannot be.
 *
 * @throws {TypeError} with one line that names what is wrong
 */
export function checkToxic(toxic: Toxic): void {
  const known = Object.keys(quantities)
  if (!known.includes(toxic.type)) throw new TypeError(`there is no toxic "${toxic.type}", but ${known.join(', ')}`)
  const given = toxic as unknown as Readonly<Record<string, unknown>>
  for (const [name, least] of Object.entries(quantities[toxic.type])) {
    const value = given[name]
    if (value === undefined && !required.has(name)) continue
    if (typeof value === 'number' && value >= least && value < Number.POSITIVE_INFINITY) continue
    throw new TypeError(`${toxic.type}: ${name} has to be a number of at least ${least}, not ${String(value)}`)
  }
}
