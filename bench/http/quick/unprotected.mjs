/** Has tricube's modules that protect a server do nothing: `node --import unprotected.mjs …`. For hardening.mjs alone. */
import { register } from 'node:module'

const nothing = {
  'http/strict.js': 'export const compileStrictCheck = () => () => undefined',
  'http/prototype.js': 'export const prototypeError = () => undefined',
  'http/stalled.js': 'export const closeStalled = () => {}',
  'service/admission.js':
    'export const defaultMaxConcurrency = Infinity; export class Admission { admits() { return true } open() {} ended() {} close() {} }',
}

const hook = `
const nothing = ${JSON.stringify(nothing)}
export async function load(url, context, next) {
  const name = Object.keys(nothing).find((name) => url.endsWith('/dist/' + name))
  if (name) return { format: 'module', source: nothing[name], shortCircuit: true }
  return next(url, context)
}`
register(`data:text/javascript,${encodeURIComponent(hook)}`)
