/**
 * Has tricube's modules that protect a server do nothing: `node --import …/unprotected.mjs …`. For hardening.mjs alone.
 * `…/unprotected.mjs?protected` makes the same bundle and leaves them as they are, so that both sides differ in nothing else.
 */
import { readFileSync } from 'node:fs'
import { register } from 'node:module'
import { dirname } from 'node:path'
import { bundle } from '../../internals.mjs'

/** What stands in for exports of a module; its other exports stay. */
const nothing =
  new URL(import.meta.url).search === '?protected'
    ? {}
    : {
        'http/transport/strict.ts': 'export const compileStrictCheck = () => () => undefined',
        'http/prototype.ts': 'export const prototypeError = () => undefined',
        'http/transport/stalled.ts': 'export const closeStalled = () => {}',
        'service/parts/admission/admission.ts': `export const admission = {
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
      build.onLoad({ filter: /\.ts$/, namespace: 'file' }, ({ path }) => {
        const name = Object.keys(nothing).find((name) => path.endsWith(`/src/${name}`))
        if (!name) return undefined
        replaced.add(name)
        return { contents: `export * from 'protected:${path}'\n${nothing[name]}`, resolveDir: dirname(path) }
      })
      build.onResolve({ filter: /^protected:/ }, ({ path }) => ({
        path: path.slice('protected:'.length),
        namespace: 'protected',
      }))
      build.onLoad({ filter: /./, namespace: 'protected' }, ({ path }) => ({
        contents: readFileSync(path, 'utf8'),
        loader: 'ts',
        resolveDir: dirname(path),
      }))
    },
  },
])
const missing = Object.keys(nothing).filter((name) => !replaced.has(name))
if (missing.length > 0) throw new Error(`unprotected.mjs replaces ${missing.join(', ')}, which src/ does not have`)
const hook = `export const resolve = (name, context, next) =>
  name === 'tricube' ? { url: ${JSON.stringify(unprotected)}, shortCircuit: true } : next(name, context)`
register(`data:text/javascript,${encodeURIComponent(hook)}`)
