const folder = new URL('..', import.meta.url).href
const path = folder.replace(/^file:\/\//, '')

/**
 * Removes the frames of tricube and Node from a stack, unless it has no others: the reader looks for their own code.
 */
export function cutStack(stack: string): string {
  const lines = stack.split('\n')
  const ownLines = lines.filter((line) => !isFrame(line) || !(isOurs(line) || isNodes(line)))
  return ownLines.some(isFrame) ? ownLines.join('\n') : stack
}

/** Whether a line of a stack is a frame. */
export function isFrame(line: string): boolean {
  return /^\s+at /.test(line)
}

/** Whether tricube itself threw: all frames stay then, because it may be a bug of tricube. */
export function isThrownHere(stack: string): boolean {
  return isOurs(stack.split('\n').find(isFrame) ?? '')
}

function isOurs(line: string): boolean {
  return line.includes(folder) || line.includes(path)
}

function isNodes(line: string): boolean {
  return /[ (]node:|<anonymous>\)$/.test(line)
}
