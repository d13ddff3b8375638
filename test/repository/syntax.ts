import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A node of a syntax tree; `node[name]` has its fields. */
export interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [name: string]: unknown
}

/** Calls `look` with each node below, parents first; `look` returns false for what it does not want to see inside of. */
export function visit(node: unknown, look: (node: Node) => unknown): void {
  if (typeof node !== 'object' || node === null) return
  if (Array.isArray(node)) return node.forEach((each) => visit(each, look))
  if (typeof (node as Partial<Node>).type === 'string' && look(node as Node) === false) return
  for (const value of Object.values(node)) visit(value, look)
}

/** Returns a function from an offset to its line, which counts from 1. */
export function linesOf(source: string): (offset: number) => number {
  return (offset) => source.slice(0, offset).split('\n').length
}

/** The TypeScript files below a folder of the repository, by path, with their text. */
export function* filesBelow(folder: string): Iterable<readonly [path: string, source: string]> {
  for (const name of readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })) {
    if (!/\.[cm]?ts$/.test(name) || name.includes('node_modules')) continue
    const path = `${folder}/${name}`
    yield [path, readFileSync(`${root}${path}`, 'utf8')]
  }
}
