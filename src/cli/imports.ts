/** Which files a module leads to, of those that a developer edits. */
import * as module from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'

/** An import: the URL of the module that has it, and that of what it leads to. */
type Edge = readonly [parent: string, child: string]

/** What this process has imported. */
export interface Imports {
  /** The files that a file leads to, itself included; those of packages left out. */
  from(file: string): string[]
}

/** Begins to write down what this process imports. */
export function recordImports(): Imports {
  const edges: Edge[] = []
  const { registerHooks } = module as { registerHooks?: RegisterHooks }
  const catchUp = registerHooks ? recordHere(registerHooks, edges) : recordBeside(edges)
  return {
    from(file) {
      catchUp()
      const seen = new Set([pathToFileURL(file).href])
      for (const url of seen) for (const [parent, child] of edges) if (parent === url) seen.add(child)
      return [...seen].filter(isEdited).map((url) => fileURLToPath(url))
    },
  }
}

function isEdited(url: string): boolean {
  return url.startsWith('file:') && !url.includes('/node_modules/')
}

/** Of Node 22.15 and later: hooks in this thread, for `import` and `require`. */
type RegisterHooks = (hooks: {
  resolve(specifier: string, context: Context, next: (specifier: string, context: Context) => Resolved): Resolved
}) => void

interface Context {
  readonly parentURL?: string
}

interface Resolved {
  readonly url: string
}

function recordHere(registerHooks: RegisterHooks, edges: Edge[]): () => void {
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context)
      if (context.parentURL !== undefined) edges.push([context.parentURL, resolved.url])
      return resolved
    },
  })
  return () => {}
}

/** On Node 20 they run in a thread of their own, which tells of each import before that goes on. */
function recordBeside(edges: Edge[]): () => void {
  const { port1, port2 } = new MessageChannel()
  module.register(`data:text/javascript,${encodeURIComponent(hooks)}`, { data: port2, transferList: [port2] })
  port1.unref()
  return () => {
    for (let next = receiveMessageOnPort(port1); next; next = receiveMessageOnPort(port1)) {
      edges.push(next.message as Edge)
    }
  }
}

const hooks = `let port
export function initialize(data) { port = data }
export async function resolve(specifier, context, next) {
  const resolved = await next(specifier, context)
  if (context.parentURL) port.postMessage([context.parentURL, resolved.url])
  return resolved
}`
