/** Has tricube's modules that protect a server do nothing: `node --import unprotected.mjs …`. For hardening.mjs alone. */
import { register } from 'node:module'
import { bundle } from '../../internals.mjs'

const nothing = {
  'http/transport/strict.ts': 'export const compileStrictCheck = () => () => undefined',
  'http/prototype.ts': 'export const prototypeError = () => undefined',
  'http/transport/stalled.ts': 'export const closeStalled = () => {}',
  'service/admission.ts':
    'export const defaultMaxConcurrency = Infinity; export class Admission { admits() { return true } open() {} ended() {} close() {} }',
}

const unprotected = await bundle("export * from './index.ts'", [
  {
    name: 'unprotected',
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const name = Object.keys(nothing).find((name) => path.endsWith(`/src/${name}`))
        return name && { contents: nothing[name] }
      })
    },
  },
])
const hook = `export const resolve = (name, context, next) =>
  name === 'tricube' ? { url: ${JSON.stringify(unprotected)}, shortCircuit: true } : next(name, context)`
register(`data:text/javascript,${encodeURIComponent(hook)}`)
