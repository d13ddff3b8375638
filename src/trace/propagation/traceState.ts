/** The rules for `tracestate`. https://www.w3.org/TR/trace-context-2/#tracestate-header */
const mostMembers = 32
/** The length that must be forwarded at least; tricube forwards no more. */
const mostCharacters = 512
/** Members above this length are dropped first when the list is too long. */
const longMember = 128

/**
 * Normalises a list for forwarding; undefined when nothing is left. Invalid entries and repeated keys are dropped, so that
 * they do not cost other vendors their entries.
 */
export function cleanTraceState(header: string): string | undefined {
  const entries = header
    .split(',')
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((member) => member !== '')
  if (entries.length > mostMembers) return undefined
  const members = new Map<string, string>()
  for (const member of entries.filter(isMember)) {
    const key = member.slice(0, member.indexOf('='))
    if (!members.has(key)) members.set(key, member)
  }
  return shortened([...members.values()]).join(',') || undefined
}

/** Drops long members, then the oldest (the last), until the list fits. */
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

const isKey = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/
// Printable ASCII without comma and equals sign, not ending in a space.
const isValue = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/
