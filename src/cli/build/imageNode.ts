/**
 * Finds what the Node of the image does not run, though this Node runs it: before 22.18, esbuild compiles TypeScript, and it
 * accepts more than Node does.
 */
import { existsSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { BuildFailure, OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild'
import { notModule, unstrippable } from '../../load/explained.ts'
import { isTypeScript, runsTypeScript } from '../../load/platform.ts'
import { wholeName } from '../../load/wholeName.ts'
import { complain } from '../failure.ts'
import { Findings } from './findings.ts'
import { findUnstrippable } from './unstrippable.ts'

type Esbuild = typeof import('esbuild')

/** Returns a line for each place that the image's Node does not run, in these files, those that they import, and the config. */
export async function imageProblems(files: readonly string[]): Promise<readonly string[]> {
  const config = resolve('tricube.config.ts')
  const entryPoints = [...files, ...(existsSync(config) ? [config] : [])].filter(isTypeScript)
  if (runsTypeScript || entryPoints.length === 0) return [] // loading them has shown it
  const { loadEsbuild } = await import('../../load/compile.ts')
  const esbuild = await loadEsbuild(entryPoints[0]!)
  const findings = new Findings()
  const { errors } = await esbuild
    .build({
      entryPoints,
      absWorkingDir: process.cwd(),
      bundle: true,
      write: false,
      outdir: 'out',
      format: 'esm',
      platform: 'node',
      target: 'esnext',
      conditions: [],
      tsconfigRaw: {}, // Node reads no tsconfig.json
      logLevel: 'silent',
      logLimit: 0,
      plugins: [resolvesAsNode(findings), stripsAsNode(findings, esbuild)],
    })
    .catch((failure: unknown) => failure as BuildFailure)
  for (const { text, location } of errors ?? []) {
    const [, module, name] = /^No matching export in "(.+)" for import "(.+)"$/.exec(text) ?? []
    if (module !== undefined && name !== undefined && location) findings.addName(resolve(location.file), name, module)
    else complain(`esbuild cannot check all that the image's Node must run: ${text}`)
  }
  await findings.addNamesOfPackages()
  return findings.lines()
}

/** Resolves imports by their whole names, and leaves packages outside. */
function resolvesAsNode(findings: Findings): Plugin {
  return {
    name: 'resolves-as-node',
    setup(build) {
      build.onResolve({ filter: /.*/ }, (imported) => {
        const { kind, path, pluginData } = imported
        if (kind === 'entry-point' || pluginData === resolving) return undefined
        if (kind !== 'import-statement' && kind !== 'dynamic-import') return { path, external: true }
        return /^\.\.?(\/|$)/.test(path) ? relativeFile(imported, findings) : packageFile(build, imported, findings)
      })
    },
  }
}
const resolving = Symbol('resolving')

function relativeFile({ importer, path, resolveDir, with: attributes }: OnResolveArgs, findings: Findings) {
  const file = resolve(resolveDir, path.replace(/[?#].*$/, ''))
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
    findings.addImport(importer, path, `Node finds no file ${JSON.stringify(path)}${wholeName(path, resolveDir)}`)
  } else if (file.endsWith('.json') && attributes['type'] !== 'json') {
    findings.addImport(importer, path, `Node needs the type of ${JSON.stringify(path)}: add with { type: 'json' }`)
  } else if (isCode(file)) return { path: file }
  return { path, external: true }
}

async function packageFile(
  build: PluginBuild,
  { importer, kind, path, resolveDir }: OnResolveArgs,
  findings: Findings,
): Promise<OnResolveResult> {
  if (isBuiltin(path) || /^(tricube(\/|$)|file:|data:|https?:|\/)/.test(path)) {
    findings.addPackage(importer, path, path.startsWith('tricube') ? import.meta.resolve(path) : path)
    return { path, external: true }
  }
  const found = await build.resolve(path, { kind, importer, resolveDir, pluginData: resolving })
  if (found.errors.length === 0 && !/[\\/]node_modules[\\/]/.test(found.path) && isCode(found.path)) return found
  if (found.errors.length === 0) {
    if (isTypeScript(found.path)) {
      findings.addImport(
        importer,
        path,
        `Node runs no TypeScript below node_modules, where ${path} is: link it instead`,
      )
    } else findings.addPackage(importer, path, pathToFileURL(found.path).href)
  } else if (kind === 'import-statement') {
    const cure = 'Node reads no "paths" of tsconfig.json, write a relative path or use "imports" of package.json'
    findings.addImport(importer, path, `Node finds no package ${JSON.stringify(path)}: ${cure}`)
  }
  return { path, external: true }
}

/** Removes the types of a file and nothing else, as far as esbuild can. */
function stripsAsNode(findings: Findings, esbuild: Esbuild): Plugin {
  return {
    name: 'strips-as-node',
    setup(build) {
      build.onLoad({ filter: /\.[cm]?[jt]s$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8')
        const compile = async (decorators: 'as they are' | 'lowered'): Promise<string> =>
          (
            await esbuild.transform(source, {
              loader: isTypeScript(path) ? 'ts' : 'js',
              target: 'esnext',
              supported: { decorators: decorators === 'as they are' },
              tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
              legalComments: 'none', // so that no comment looks like code
              minifyWhitespace: true,
            })
          ).code
        const code = await compile('as they are')
        if (isTypeScript(path)) findings.add(path, findUnstrippable(source, code))
        if (code !== (await compile('lowered'))) findings.addLine(path, /^\s*@[\w$]/m, unstrippable.decorator)
        if (isModule(code)) findings.addNoModule(path, notModule(path))
        findings.addNames(path, code)
        // A file of types alone is left without code: it exports nothing, instead of anything as CommonJS may.
        const isEmpty = !isModule(code) && !/\b(?:exports|require)\b/.test(code)
        return { contents: isEmpty ? `${code}\nexport {}` : code, loader: 'js' }
      })
    },
  }
}

function isModule(code: string): boolean {
  return /(?:^|[;}\n])(?:import(?=[\s{*"'])|export(?=[\s{*]))/.test(code)
}

function isCode(file: string): boolean {
  return /\.[cm]?[jt]s$/.test(file)
}
