import { execFileSync } from 'node:child_process'
import { delimiter } from 'node:path'

/** The Node that runs the tests, and those of TRICUBE_TEST_NODES, by their versions. */
export const nodes: readonly (readonly [version: string, program: string])[] = [
  process.execPath,
  ...(process.env['TRICUBE_TEST_NODES'] ?? '').split(delimiter).filter(Boolean),
].map((program) => [execFileSync(program, ['--version'], { encoding: 'utf8' }).trim(), program])

if (nodes.length === 1) {
  process.stderr.write(`
!!! The package is tested on ${nodes[0]![0]} alone: TRICUBE_TEST_NODES names no other Node.
!!! \`TRICUBE_TEST_NODES=$(node scripts/nodes.mjs) npm test\` tests it on every one that it supports.

`)
}
