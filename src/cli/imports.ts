/** Records which files a module imports, directly or not, except those of installed packages. */
import * as module from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'

/** An import: the URLs of the importing and of the imported module. */
type Edge = readonly [parent: string, child: string]

/** The imports of this process. */
export interface Imports {
  /** Returns a file and the files that it imports, directly or not, except those of installed packages. */
  from(file: string): string[]
}

/** Starts to record the imports of this process. */
export function recordImports(): Imports {
  const edges: Edge[] = []
  const { registerHooks } = module as { registerHooks?: RegisterHooks }
  const receive = registerHooks ? recordInThread(registerHooks, edges) : recordInWorker(edges)
  return {
    from(file) {
      receive()
      const seen = new Set([pathToFileURL(file).href])
      for (const url of seen) for (const [parent, child] of edges) if (parent === url) seen.add(child)
      return [...seen].filter(isEdited).map((url) => fileURLToPath(url))
    },
  }
}

function isEdited(url: string): boolean {
  return url.startsWith('file:') && !url.includes('/node_modules/')
}

/** `registerHooks` of Node 22.15 and later: hooks in this thread, for `import` and `require`. */
type RegisterHooks = (hooks: {
  resolve(specifier: string, context: Context, next: (specifier: string, context: Context) => Resolved): Resolved
}) => void

interface Context {
  readonly parentURL?: string
}

interface Resolved {
  readonly url: string
}

function recordInThread(registerHooks: RegisterHooks, edges: Edge[]): () => void {
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context)
      if (context.parentURL !== undefined) edges.push([context.parentURL, resolved.url])
      return resolved
    },
  })
  return () => {}
}

/** On Node 20, hooks run in a worker thread, which posts each import before it continues. */
function recordInWorker(edges: Edge[]): () => void {
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
