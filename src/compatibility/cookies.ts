import type { FieldChange } from './difference.ts'
import type { CookieDocument } from './operationDocument.ts'

type Cookies = Readonly<Record<string, CookieDocument>>

/** Compares the cookies that a handler reads. A request need not have any, so a new one asks nothing of callers. */
export function receivedCookies(before: Cookies = {}, after: Cookies = {}): readonly FieldChange[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((at): readonly FieldChange[] => {
    const [old, now] = [before[at], after[at]]
    if (!old) return [{ at, level: 'safe', text: 'the cookie was added' }]
    if (!now) return [{ at, level: 'risky', text: 'the service no longer reads the cookie' }]
    if (old.signed === now.signed) return []
    return now.signed
      ? [{ at, level: 'risky', text: 'the cookie must be signed now; older ones count as missing' }]
      : [{ at, level: 'risky', text: 'the cookie is no longer signed; older ones have another value' }]
  })
}

/** Compares the cookies that a handler sets. */
export function sentCookies(before: Cookies = {}, after: Cookies = {}): readonly FieldChange[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((at): readonly FieldChange[] => {
    const [old, now] = [before[at], after[at]]
    if (!old) return [{ at, level: 'safe', text: 'the cookie was added' }]
    if (!now) return [{ at, level: 'risky', text: 'the cookie was removed; callers that read it find nothing' }]
    return (Object.keys(attributes) as Attribute[])
      .filter((name) => old[name] !== now[name])
      .map((name) => {
        const text = `${name} ${old[name] ?? 'none'} became ${now[name] ?? 'none'}`
        const harm = attributes[name](old, now)
        return {
          at,
          level: harm === undefined ? 'safe' : 'risky',
          text: harm === undefined ? text : `${text}; ${harm}`,
        }
      })
  })
}

type Attribute = keyof CookieDocument

/** What a changed attribute does to callers that have the cookie; undefined when it only gives them more. */
const attributes: Readonly<Record<Attribute, (before: CookieDocument, after: CookieDocument) => string | undefined>> = {
  signed: () => 'its value has another form',
  maxAgeSeconds: (before, after) =>
    (after.maxAgeSeconds ?? 0) < (before.maxAgeSeconds ?? 0) ? 'browsers delete it sooner' : undefined,
  path: () => 'other paths get it',
  domain: () => 'other hosts get it',
  sameSite: (before, after) =>
    strictness(after) > strictness(before) ? 'fewer requests from other sites have it' : undefined,
  secure: (_, after) => (after.secure ? 'requests over HTTP do not have it' : undefined),
  httpOnly: (_, after) => (after.httpOnly ? 'scripts of pages cannot read it' : undefined),
}

function strictness({ sameSite = 'lax' }: CookieDocument): number {
  return ['none', 'lax', 'strict'].indexOf(sameSite)
}
