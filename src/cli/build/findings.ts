import { readFileSync } from 'node:fs'
import { lineAt } from '../../sqlText/lexer.ts'
import { displayPath } from '../load-service.ts'
import type { Problem } from './unstrippable.ts'
import { withoutComments } from './withoutComments.ts'

/** What was found in the files of services, and which names they import from packages. */
export class Findings {
  readonly #problems = new Map<string, Problem & { readonly file: string }>()
  readonly #notModules = new Map<string, string>()
  /** The URLs of packages, by the file and name that import them. */
  readonly #packages = new Map<string, string>()
  readonly #names: { readonly file: string; readonly module: string; readonly names: readonly string[] }[] = []

  add(file: string, problems: readonly Problem[]): void {
    for (const one of problems) this.#problems.set(`${file}:${one.line}:${one.reason}`, { file, ...one })
  }

  /** Adds a problem at the first place that matches; none without a reason. */
  addLine(file: string, pattern: RegExp, reason: string | undefined): void {
    if (reason === undefined) return
    const text = withoutComments(readFileSync(file, 'utf8'))
    const [found = ''] = pattern.exec(text) ?? []
    const at = Math.max(0, text.search(pattern)) + (found.length - found.trimStart().length)
    this.add(file, [{ line: lineAt(text, at), reason }])
  }

  /** Adds that a file is no module. Of those with one reason, which is the package.json, the first file is enough. */
  addNoModule(file: string, reason: string | undefined): void {
    if (reason === undefined) return
    const before = this.#notModules.get(reason)
    if (before === undefined || file < before) this.#notModules.set(reason, file)
  }

  /** Adds a problem with the import of a module. */
  addImport(file: string, module: string, reason: string): void {
    this.addLine(file, new RegExp(`['"]${escaped(module)}['"]`), reason)
  }

  /** Adds a name that a module does not export at runtime. */
  addName(file: string, name: string, module: string): void {
    const reason = `${module} exports no value ${name}: if it is a type, write import type`
    this.addLine(
      file,
      new RegExp(`(?<=^[ \\t]*(?:import|export)\\b[^;'"]*)(?<![\\w$])${escaped(name)}(?![\\w$])`, 'm'),
      reason,
    )
  }

  /** Remembers which package a file means by a name. */
  addPackage(file: string, module: string, url: string): void {
    this.#packages.set(`${file}:${module}`, url)
  }

  /** Remembers the names that a file imports. `code` is compiled without whitespace. */
  addNames(file: string, code: string): void {
    for (const [, list, module] of code.matchAll(/\{([^{}]*)\}from(["'][^"']+["'])/g)) {
      const names = list!.split(',').flatMap((one) => /^[\w$]+/.exec(one)?.[0] ?? [])
      this.#names.push({ file, module: module!.slice(1, -1), names })
    }
  }

  /** Adds the names that packages do not export. A package that does not load here says nothing. */
  async addNamesOfPackages(): Promise<void> {
    for (const { file, module, names } of this.#names) {
      const url = this.#packages.get(`${file}:${module}`)
      if (url === undefined) continue
      const exported = (await import(url).catch(() => undefined)) as object | undefined
      for (const name of names) if (exported && !(name in exported)) this.addName(file, name, module)
    }
  }

  /** Returns a line for each problem, with its place. */
  lines(): readonly string[] {
    for (const [reason, file] of this.#notModules) this.addLine(file, /^\s*(?:import|export)\b/m, reason)
    return [...this.#problems.values()]
      .toSorted((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1))
      .map(({ file, line, reason }) => `${displayPath(file)}:${line}: ${reason}`)
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[^\w]/g, String.raw`\$&`)
}
