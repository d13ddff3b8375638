import type { JsonSchema } from '../schema.ts'
import { isObject } from './dialect.ts'

/** The most levels of a value of a recursive schema: walking it uses the stack. */
export const deepestLevel = 200

/** Whether a prepared schema refers to itself, so that values may have any depth. */
export function isRecursive(prepared: JsonSchema): boolean {
  const defs = isObject(prepared['$defs']) ? prepared['$defs'] : {}
  const uses = new Map(Object.entries(defs).map(([name, def]) => [name, refsIn(def)]))
  const reaches = (from: string, to: string, seen: Set<string>): boolean =>
    [...(uses.get(from) ?? [])].some((next) => {
      if (next === to) return true
      if (seen.has(next)) return false
      seen.add(next)
      return reaches(next, to, seen)
    })
  return [...uses.keys()].some((name) => reaches(name, name, new Set()))
}

/** Whether objects and lists are nested in more levels than this. It uses no stack. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth >= levels) return true
    const below: unknown[] = []
    for (const item of level) {
      if (typeof item !== 'object' || item === null) continue
      for (const inner of Object.values(item)) if (typeof inner === 'object' && inner !== null) below.push(inner)
    }
    level = below
  }
  return false
}

/** Counts the objects of a schema. */
export function countNodes(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + countNodes(item), 0)
  return isObject(value) ? Object.values(value).reduce<number>((sum, inner) => sum + countNodes(inner), 1) : 0
}

function refsIn(value: unknown, refs = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const item of value) refsIn(item, refs)
  if (!isObject(value)) return refs
  if (typeof value['$ref'] === 'string') refs.add(value['$ref'].replace('#/$defs/', ''))
  for (const inner of Object.values(value)) refsIn(inner, refs)
  return refs
}
