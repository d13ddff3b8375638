import { parseSync } from 'oxc-parser'
import { linesOf, visit, type Node } from './syntax.ts'

/** Returns where a test waits for a time of the clock: `path:line`. */
export function waitsOf(path: string, source: string): string[] {
  if (!/setTimeout|timers|wait\(/.test(source)) return [] // most files: parsing is what takes time
  const { program } = parseSync(path, source)
  const lineAt = linesOf(source)
  const found: string[] = []
  visit(program, (node) => {
    if (isWait(node, source)) found.push(`${path}:${lineAt(node.start)}`)
  })
  return found
}

function isWait(node: Node, source: string): boolean {
  const text = source.slice(node.start, node.end)
  switch (node.type) {
    case 'CallExpression': {
      const called = text.slice(0, text.indexOf('('))
      return waits.has(called.replace(/^(?:globalThis|timers|window)\./, ''))
    }
    case 'ImportDeclaration':
      return /['"](?:node:)?timers\/promises['"]/.test(text) && /[{,]\s*(?:setTimeout|scheduler)\b/.test(text)
    case 'TemplateElement': // a program of another process
      return /(?<!\.)\bsetTimeout\(|timers\/promises/.test(text)
    default:
      return false
  }
}

const waits: ReadonlySet<string> = new Set([
  'setTimeout',
  'scheduler.wait',
  'Atomics.wait',
  'systemClock.wait',
  'promisify(setTimeout)',
])
