/** What statements leave on a connection after their transaction, where the next user of the connection would find it. */
import { bareWords } from '../../sqlText/bareWords.ts'

/** An effect on the session that outlasts its transaction. */
export interface Remains {
  readonly what: string
  /** What to use instead. */
  readonly instead: string
  /** True if it is harmless in a transaction, which has its connection to itself. */
  readonly isFineInside?: boolean
}

/** Returns what a statement leaves, as far as its text shows. */
export function remainsOf(verb: string, words: string): Remains | undefined {
  for (const [pattern, remains] of commands) if (pattern.test(words)) return remains
  if (!callers.has(verb)) return undefined
  for (const [pattern, remains] of functions) if (pattern.test(words)) return remains
  return undefined
}

/** Returns what a script leaves, as far as its text shows. */
export function scriptRemains(text: string): Remains | undefined {
  for (const words of bareWords(text).split(';')) {
    const remains = remainsOf(/\w+/.exec(words)?.[0].toUpperCase() ?? '', words)
    if (remains && !remains.isFineInside) return remains
  }
  return undefined
}

type Patterns = readonly (readonly [RegExp, Remains])[]

const commands: Patterns = [
  [/^\s*set\s+(?!(local|transaction|constraints)\b)/i, { what: 'SET', instead: 'use SET LOCAL in a transaction' }],
  [/^\s*reset\b/i, { what: 'RESET', instead: 'use SET LOCAL … TO DEFAULT in a transaction' }],
  [/^\s*discard\b/i, { what: 'DISCARD', instead: 'leave it out, sessions are never changed' }],
  [/^\s*load\b/i, { what: 'LOAD', instead: 'use session_preload_libraries' }],
  [/^\s*(un)?listen\b/i, { what: 'LISTEN', instead: 'use db.listen' }],
  [/^\s*declare\b[^]*\bwith\s+hold\b/i, { what: 'DECLARE … WITH HOLD', instead: 'use db.stream' }],
  [
    /^\s*create\s+((local|global)\s+)?temp(orary)?\s+table\b(?![^]*\bon\s+commit\s+drop\b)/i,
    { what: 'CREATE TEMP TABLE', instead: 'add ON COMMIT DROP, in a transaction' },
  ],
  [
    /^\s*create\s+(or\s+replace\s+)?((local|global)\s+)?temp(orary)?\s+(recursive\s+)?(view|sequence)\b/i,
    { what: 'a temporary view or sequence', instead: 'drop it in the same script, or use WITH' },
  ],
  [
    /^\s*(select|with)\b[^]*\binto\s+temp(orary)?\b/i,
    { what: 'SELECT INTO TEMP', instead: 'use CREATE TEMP TABLE … ON COMMIT DROP AS, in a transaction' },
  ],
]

const functions: Patterns = [
  [
    /\bset_config\s*\((?:[^()]|\([^()]*\))*,\s*(false|'')\s*\)/i,
    { what: 'set_config(…, false)', instead: 'use set_config(…, true) in a transaction' },
  ],
  [
    /\bpg_(try_)?advisory_lock(_shared)?\s*\(/i,
    { what: 'pg_advisory_lock', instead: 'use pg_advisory_xact_lock in a transaction' },
  ],
  [/\b(lastval|currval)\s*\(/i, { what: 'lastval', instead: 'use RETURNING, or a transaction', isFineInside: true }],
]

const callers: ReadonlySet<string> = new Set([
  'SELECT',
  'WITH',
  'VALUES',
  'INSERT',
  'UPDATE',
  'DELETE',
  'MERGE',
  'CALL',
])
