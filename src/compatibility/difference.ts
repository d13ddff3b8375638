/** What a change means to callers that know the contract as it was. */
export type Level = 'breaking' | 'risky' | 'safe'

/** One change of a contract. */
export interface Change {
  readonly level: Level
  /** Where it is, such as `getOrder.returns.status`. */
  readonly path: string
  /** What has changed, and what that means to callers. */
  readonly text: string
}

/** A change of a field that is no schema. `at` is the place inside it, such as the name of a cookie. */
export interface FieldChange extends Omit<Change, 'path'> {
  readonly at?: string
}

/** Who writes a value: the caller, the service, or both at different times, as with events and jobs that wait. */
export type Direction = 'request' | 'response' | 'message'

/** One difference between two schemas. */
export interface Difference {
  /** The path of the value, such as `body.items[].price`. */
  readonly path: string
  readonly kind: Kind
  /** What has changed. */
  readonly text: string
}

/** Rates a difference by who writes the value. */
export function rate(
  { kind, text }: Difference,
  direction: Direction,
): { readonly level: Level; readonly text: string } {
  const { levels, why = {} } = kinds[kind]
  const level = levels[columns.indexOf(direction)]!
  const reason = level === 'safe' ? undefined : why[direction]
  return { level, text: reason === undefined ? text : `${text}; ${reason}` }
}

/** Returns a difference as a change, rated by who writes the value. */
export function changeOf(difference: Difference, direction: Direction): Change {
  return { path: difference.path, ...rate(difference, direction) }
}

const columns: readonly Direction[] = ['request', 'response', 'message']

interface Rating {
  /** For a request, a response and a message. */
  readonly levels: readonly [Level, Level, Level]
  readonly why?: { readonly [direction in Direction]?: string }
}

const rejected = 'callers that send it get a 400'
const missing = 'callers that read it find nothing'
const waiting = 'messages that wait may not match'

/**
 * The kinds of differences. A request may not become narrower: callers send what was valid. A response may not become
 * wider: callers read what was promised. A message may do neither, because code of both versions reads messages of both.
 */
const kinds: Readonly<Record<Kind, Rating>> = {
  'required field added': {
    levels: ['breaking', 'safe', 'breaking'],
    why: { request: 'callers that do not send it get a 400', message: 'messages that wait do not have it' },
  },
  'optional field added': { levels: ['safe', 'safe', 'safe'] },
  'required field removed': {
    levels: ['breaking', 'breaking', 'breaking'],
    why: { request: rejected, response: missing, message: 'subscribers that read it find nothing' },
  },
  'optional field removed': {
    levels: ['breaking', 'risky', 'risky'],
    why: { request: rejected, response: 'it will always be missing', message: 'it will always be missing' },
  },
  'header removed': { levels: ['risky', 'safe', 'safe'], why: { request: 'the service no longer reads it' } },
  'became required': {
    levels: ['breaking', 'safe', 'breaking'],
    why: { request: 'callers that do not send it get a 400', message: 'messages that wait may not have it' },
  },
  'became optional': {
    levels: ['safe', 'breaking', 'breaking'],
    why: { response: 'callers may find nothing', message: 'subscribers may find nothing' },
  },
  'default changed': {
    levels: ['risky', 'safe', 'safe'],
    why: { request: 'callers that do not send it get another result' },
  },
  'values added': {
    levels: ['safe', 'breaking', 'breaking'],
    why: { response: 'callers may not handle it', message: 'subscribers may not handle it' },
  },
  'values removed': { levels: ['breaking', 'safe', 'breaking'], why: { request: rejected, message: waiting } },
  'type changed': { levels: ['breaking', 'breaking', 'breaking'] },
  'limit tightened': {
    levels: ['breaking', 'safe', 'breaking'],
    why: { request: 'callers that send such values get a 400', message: waiting },
  },
  'limit loosened': {
    levels: ['safe', 'risky', 'risky'],
    why: { response: 'callers may rely on it', message: 'subscribers may rely on it' },
  },
  'form changed': {
    levels: ['breaking', 'breaking', 'breaking'],
    why: { request: 'callers that send the old form get a 400', response: 'callers may rely on the old form' },
  },
  incomparable: { levels: ['breaking', 'breaking', 'breaking'] },
}

/** What has happened to the values. */
export type Kind =
  | 'required field added'
  | 'optional field added'
  | 'required field removed'
  | 'optional field removed'
  | 'header removed'
  | 'became required'
  | 'became optional'
  | 'default changed'
  | 'values added'
  | 'values removed'
  | 'type changed'
  | 'limit tightened'
  | 'limit loosened'
  | 'form changed'
  | 'incomparable'
