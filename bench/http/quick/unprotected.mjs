/** Has tricube's modules that protect a server do nothing: `node --import unprotected.mjs …`. For hardening.mjs alone. */
import { register } from 'node:module'
import { bundle } from '../../internals.mjs'

const nothing = {
  'http/transport/strict.ts': 'export const compileStrictCheck = () => () => undefined',
  'http/prototype.ts': 'export const prototypeError = () => undefined',
  'http/transport/stalled.ts': 'export const closeStalled = () => {}',
  'service/parts/admission.ts': `export const admission = {
    name: 'admission',
    options: { admission: { expected: 'anything', accepts: () => true } },
    open: () => ({ admits: () => true, ended() {}, close() {} }),
  }`,
}

const replaced = new Set()
const unprotected = await bundle("export * from './index.ts'", [
  {
    name: 'unprotected',
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const name = Object.keys(nothing).find((name) => path.endsWith(`/src/${name}`))
        if (name) replaced.add(name)
        return name && { contents: nothing[name] }
      })
    },
  },
])
const missing = Object.keys(nothing).filter((name) => !replaced.has(name))
if (missing.length > 0) throw new Error(`unprotected.mjs replaces ${missing.join(', ')}, which src/ does not have`)
const hook = `export const resolve = (name, context, next) =>
  name === 'tricube' ? { url: ${JSON.stringify(unprotected)}, shortCircuit: true } : next(name, context)`
register(`data:text/javascript,${encodeURIComponent(hook)}`)
