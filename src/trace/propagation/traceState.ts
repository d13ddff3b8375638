/** The rules for `tracestate`. https://www.w3.org/TR/trace-context/#tracestate-header */
const mostMembers = 32
/** What must be passed on; more is not. */
const mostCharacters = 512
/** Longer members go first when it gets too long. */
const longMember = 128

/** The list in the form in which it may be passed on; undefined when it breaks the rules or nothing is left. */
export function cleanTraceState(header: string): string | undefined {
  const members = header
    .split(',')
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((member) => member !== '')
  if (members.length === 0 || members.length > mostMembers || !members.every(isMember)) return undefined
  const keys = new Set(members.map((member) => member.slice(0, member.indexOf('='))))
  if (keys.size < members.length) return undefined
  return shortened(members).join(',') || undefined
}

/** Takes away long members, then the oldest (the last), until it fits. */
function shortened(members: readonly string[]): readonly string[] {
  let left = members
  while (left.join(',').length > mostCharacters) {
    const long = left.findLastIndex((member) => member.length > longMember)
    left = left.toSpliced(long < 0 ? left.length - 1 : long, 1)
  }
  return left
}

function isMember(member: string): boolean {
  const equals = member.indexOf('=')
  return equals > 0 && isKey.test(member.slice(0, equals)) && isValue.test(member.slice(equals + 1))
}

const isKey = /^(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})$/
// Printable ASCII without comma and equals sign, not ending in a space.
const isValue = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/
