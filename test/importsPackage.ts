import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const imports = /(?:from|import\()\s*'([^']+)'/g

/** Whether a test file imports tricube, itself or by another file of the tests: others are the same on each build of it. */
export function importsPackage(file: string, seen: Set<string> = new Set()): boolean {
  if (seen.has(file)) return false
  seen.add(file)
  if (!existsSync(file)) return false // an import in a text
  const text = readFileSync(file, 'utf8')
  if (text.includes('TRICUBE_TEST_PACKAGE')) return true
  const specifiers = Array.from(text.matchAll(imports), ([, specifier]) => specifier!)
  if (specifiers.some((one) => /^tricube(\/|$)/.test(one))) return true
  const beside = specifiers.filter((one) => one.startsWith('.') && !one.includes('/src/') && one.endsWith('.ts'))
  return beside.some((one) => importsPackage(join(dirname(file), one), seen))
}
