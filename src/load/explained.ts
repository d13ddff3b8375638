import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LoadError } from './loadError.ts'
import { isTypeScript } from './platform.ts'
import { wholeName } from './wholeName.ts'

/** Returns an error of Node's loader as one line with its place, cause and cure. Other errors stay as they are. */
export function explained(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { file, line } = placeOf(error)
  const reason = reasonOf(error, file)
  if (reason === undefined) return error
  const place = file === undefined ? '' : `${relative(process.cwd(), file)}${line === undefined ? '' : `:${line}`}: `
  return new LoadError(`${place}${reason}`, { files: file === undefined ? [] : [file], cause: error })
}

/** What Node cannot strip from TypeScript, by a word of its message, and what to write instead. */
export const unstrippable = {
  enum: 'Node runs no enum: use an object with "as const"',
  'parameter property':
    'Node runs no parameter properties: declare the field in the class, and assign it in the constructor',
  namespace: 'Node runs no namespace with values: use a module',
  'import equals': 'Node runs no "import x =": use import … from',
  'angle-bracket': 'Node runs no <Type>value: write value as Type',
  decorator: 'Node runs no decorators: call functions instead, such as traced() of tricube/trace',
} as const

/** Returns why a file with `import` or `export` is no module for Node; undefined if it is one. */
export function notModule(file: string): string | undefined {
  const { path, type } = packageOf(file)
  if (path === undefined || type !== 'commonjs' || /\.m[jt]s$/.test(file)) return undefined // without a type, Node detects it
  return `Node reads this file as CommonJS, without import and export: set "type": "module" in ${relative(process.cwd(), path)}`
}

/** Returns the nearest package.json of a file, and its `type`. */
function packageOf(file: string): { readonly path?: string; readonly type?: string } {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const path = join(folder, 'package.json')
    if (existsSync(path)) return { path, ...(JSON.parse(readFileSync(path, 'utf8')) as { type?: string }) }
    if (folder === dirname(folder)) return {}
  }
}

function reasonOf(error: Error, file: string | undefined): string | undefined {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    return Object.entries(unstrippable).find(([word]) => message.includes(word))?.[1] ?? message
  }
  if (code === 'ERR_INVALID_TYPESCRIPT_SYNTAX') return message
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_UNSUPPORTED_DIR_IMPORT') return missing(message)
  if (code === 'ERR_IMPORT_ATTRIBUTE_MISSING') return `${message}: write import … with { type: 'json' }`
  if (error.name !== 'SyntaxError') return undefined
  if (/ outside a module$|^Unexpected token 'export'$/.test(message)) return file && notModule(file)
  if (message === 'Invalid or unexpected token' && file === undefined) {
    return `${message} in a file that Node does not name; if it has decorators: ${unstrippable.decorator}`
  }
  const [missingName] = withoutName.exec(message) ?? []
  return missingName && file && isTypeScript(file) ? `${missingName}; if it is a type, write import type` : undefined
}

const withoutName =
  /^The requested module '.+' does not provide an export named '.+'|^Named export '.+' not found\. The requested module '.+' is a CommonJS module/

/** For a relative import that lacks the ending of a file that exists. */
function missing(message: string): string | undefined {
  const [, path, importer] = /'(\/[^']+|[A-Z]:\\[^']+)'.* imported from (.+)$/.exec(message) ?? []
  if (path === undefined || importer === undefined) return undefined
  const written = relative(dirname(importer), path).replaceAll('\\', '/')
  const whole = wholeName(written.startsWith('.') ? written : `./${written}`, dirname(importer))
  return whole === ''
    ? undefined
    : `${relative(process.cwd(), importer)}: ${message.replace(/ imported from .+$/, '')}${whole}`
}

/** Node writes the place on the first line of the stack: `file:///app/service.ts:3`. */
function placeOf({ stack = '' }: Error): { readonly file?: string; readonly line?: string } {
  const [, path, line] = /^(file:\/\/.+|\/.+|[A-Z]:\\.+):(\d+)\n/.exec(stack) ?? []
  if (path === undefined || line === undefined) return {}
  return { file: path.startsWith('file:') ? fileURLToPath(path) : path, line }
}
