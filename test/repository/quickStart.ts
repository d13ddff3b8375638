/** What a README's quick start asks its reader to do. */
export interface QuickStart {
  /** Files to write: path and content, from blocks such as ```ts hello-service/service.ts */
  readonly files: readonly (readonly [path: string, text: string])[]
  /** Commands to type, from ```sh blocks, with the output that the comment below a command shows. */
  readonly commands: readonly Command[]
}

/** A line of a shell block. */
export interface Command {
  readonly line: string
  /** From the `# …` lines that follow it. */
  readonly output: string | undefined
}

/**
 * Reads the section "Quick start" of a Markdown text. Ports that its `curl` lines name are changed by `portFor`, in files
 * as in commands, so that the reader's port may be taken where this runs.
 */
export function parseQuickStart(markdown: string, portFor = (port: string): string => port): QuickStart {
  const section = /^## Quick start$(.*?)(?=^## |$(?![^]))/ms.exec(markdown)?.[1] ?? ''
  const ports = new Set([...section.matchAll(/\bcurl\b.*?\blocalhost:(\d+)/g)].map(([, port]) => port!))
  const text = [...ports].reduce(
    (all, port) => all.replaceAll(new RegExp(`\\b${port}\\b`, 'g'), portFor(port)),
    section,
  )
  const blocks = [...text.matchAll(/^```(\w+)(?: +(\S+))?\n(.*?)^```$/gms)].map(([, language, path, body]) => ({
    language,
    path,
    body: body!,
  }))
  return {
    files: blocks.flatMap(({ path, body }) => (path === undefined ? [] : [[path, body] as const])),
    commands: blocks
      .filter(({ language, path }) => language === 'sh' && path === undefined)
      .flatMap(({ body }) => commandsOf(body)),
  }
}

function commandsOf(block: string): Command[] {
  const commands: { line: string; output: string | undefined }[] = []
  for (const line of block.replaceAll(/\\\n\s*/g, '').split('\n')) {
    const output = /^# ?(.*)$/.exec(line)?.[1]
    const last = commands.at(-1)
    if (output === undefined) {
      const command = line.replace(/\s+# .*$/, '').trim()
      if (command !== '') commands.push({ line: command, output: undefined })
    } else if (last) last.output = last.output === undefined ? output : `${last.output}\n${output}`
  }
  return commands
}

/** A `curl` line as a request, for machines without curl: -X, -H, -d, --json; -i and -s change nothing. */
export function requestOf(line: string): { url: string; init: RequestInit } {
  const words = [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare!,
  )
  const headers: [string, string][] = []
  let [url, method, body]: (string | undefined)[] = []
  for (let at = 1; at < words.length; at += 1) {
    const word = words[at]!
    if (word === '-X') method = words[++at]
    else if (word === '-H') headers.push(/^([^:]*):\s*(.*)$/.exec(words[++at]!)!.slice(1) as [string, string])
    else if (word === '-d' || word === '--json') {
      body = words[++at]
      if (word === '--json') headers.push(['content-type', 'application/json'])
    } else if (!word.startsWith('-')) url = word.includes('://') ? word : `http://${word}`
  }
  if (url === undefined) throw new Error(`no URL in: ${line}`)
  return {
    url,
    init: { method: method ?? (body === undefined ? 'GET' : 'POST'), headers, ...(body !== undefined && { body }) },
  }
}
