import { readdirSync, readFileSync } from 'node:fs'
import { root } from './project.ts'

/** A block of code in a page. */
export interface Block {
  /** From the root: `docs/calls.md`. */
  readonly page: string
  readonly language: string
  /** The file that the page says it is, such as `order-service/contract.ts`. */
  readonly file: string | undefined
  readonly text: string
  /** The line of the page at which the code begins. */
  readonly line: number
}

/** The pages that a user reads. */
export const pages: readonly string[] = [
  'README.md',
  ...readdirSync(`${root}docs`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

/** Returns the blocks of a page. A file is named after the language or in the first line: `// contract.ts`. */
export function blocksOf(page: string, markdown: string = readFileSync(root + page, 'utf8')): readonly Block[] {
  return Array.from(
    markdown.matchAll(/^```(\w*)(?: +(\S+))?\n(.*?)^```$/gms),
    ({ index, 1: language, 2: path, 3: text }) => ({
      page,
      language: language!,
      file: path ?? /^\/\/ ([\w./-]+\.ts)\b/.exec(text!)?.[1],
      text: text!,
      line: markdown.slice(0, index).split('\n').length + 1,
    }),
  )
}

/** The name of a page without its folder and ending: `calls`. */
export function nameOf(page: string): string {
  return page.replace(/^.*\//, '').replace(/\.md$/, '')
}
