const folder = new URL('..', import.meta.url).href
const path = folder.replace(/^file:\/\//, '')

/**
 * A stack without the frames of tricube and of Node itself, unless it has no others: who reads it looks for a line of their
 * own.
 */
export function cutStack(stack: string): string {
  const lines = stack.split('\n')
  const kept = lines.filter((line) => !isFrame(line) || !(isOurs(line) || isNodes(line)))
  return kept.some(isFrame) ? kept.join('\n') : stack
}

/** Whether a line of a stack is a frame. */
export function isFrame(line: string): boolean {
  return /^\s+at /.test(line)
}

/** Whether tricube itself threw: then all frames may be wanted, as it may be its own fault. */
export function isThrownHere(stack: string): boolean {
  return isOurs(stack.split('\n').find(isFrame) ?? '')
}

function isOurs(line: string): boolean {
  return line.includes(folder) || line.includes(path)
}

function isNodes(line: string): boolean {
  return /[ (]node:|<anonymous>\)$/.test(line)
}
