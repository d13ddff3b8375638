/** Compiles the blocks of pages in the folder of a user, against the packages that the pages tell to install. */
import { join } from 'node:path'
import { type Block, blocksOf, nameOf } from '../repository/docBlocks.ts'
import { commonScene, modulesOf, sceneOf } from '../repository/docModules.ts'
import type { Project } from './project.ts'

const folder = 'pages'
/** What `docs/start.md` gives the reader. */
export const tsconfig: string = blocksOf('docs/start.md').find(({ language }) => language === 'json')!.text

/** Returns the blocks of TypeScript in a page. */
export function typeScriptIn(page: string, markdown?: string): readonly Block[] {
  return blocksOf(page, markdown).filter(({ language }) => language === 'ts')
}

/** Compiles the blocks of some pages in one program, and returns a line for each error. */
export async function problemsOf(user: Project, pages: readonly (readonly Block[])[]): Promise<readonly string[]> {
  const modules = pages.filter((blocks) => blocks.length > 0).flatMap((blocks) => modulesOf(blocks))
  const scenes = [...new Set(modules.map(({ block }) => block.page))].flatMap((page) =>
    Object.entries(sceneOf(page)).map(([path, text]) => [join(nameOf(page), path), text] as const),
  )
  const files = Object.fromEntries([
    ['tsconfig.json', tsconfig],
    ['exampleScene.ts', commonScene],
    ...scenes,
    ...modules.map(({ path, text }) => [path, text] as const),
  ])
  await user.write(Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text])))
  // Declarations too: a library or a monorepo needs them of what it exports.
  const line = `cd ${folder} && ../node_modules/.bin/tsc --declaration --emitDeclarationOnly --pretty false`
  const printed = await user.shell(line).catch(({ message }: Error) => message)
  const byPath = new Map(modules.map(({ path, block }) => [path, block]))
  return Array.from(printed.matchAll(/^(?:(.+)\((\d+),\d+\): )?error \w+: (.*)$/gm), ([, path, at, message]) => {
    const block = byPath.get(path!)
    return block ? `${block.page}:${block.line + Number(at) - 2}: ${message}` : `${path}:${at}: ${message}`
  })
}
