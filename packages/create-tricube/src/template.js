import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const template = fileURLToPath(new URL('../template', import.meta.url))

/** Returns the files of the template that the folder already has. */
export async function conflictsIn(folder, manager) {
  const files = await templateFiles(manager)
  return files.map(targetOf).filter((file) => existsSync(join(folder, file)))
}

/** Writes the template with the project's name and versions; returns the files. An existing file is an error. */
export async function writeTemplate(folder, { name, tricube, manager }) {
  const { install, start, test, run, settings } = manager
  const values = { name, tricube, install, start, test, run }
  const files = await templateFiles(manager)
  for (const file of files) {
    const text = await readFile(join(template, file), 'utf8')
    const target = join(folder, targetOf(file))
    await mkdir(dirname(target), { recursive: true })
    const filled = text.replaceAll(/\{\{(\w+)\}\}/g, (_, key) => values[key])
    const written = file === '_package.json' ? withSettings(filled, settings) : filled
    await writeFile(target, written, { flag: 'wx' })
  }
  return files
}

function withSettings(json, settings) {
  return `${JSON.stringify({ ...JSON.parse(json), ...settings }, undefined, 2)}\n`
}

/** Makes a package name of a folder's name: `My Shop` becomes `my-shop`. */
export function packageNameOf(folder) {
  const name = basename(folder)
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^A-Za-z0-9-]+/g, '-')
    .replaceAll(/-+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .toLowerCase()
    .slice(0, 214)
  return name || 'my-services'
}

async function templateFiles({ name }) {
  const entries = await readdir(template, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(template, join(entry.parentPath ?? entry.path, entry.name)))
    .filter((file) => name === 'pnpm' || !file.includes('pnpm'))
    .toSorted()
}

// npm leaves a .gitignore out of packages, a second package.json would be a package of its own, and a workspace another one.
const renamed = {
  _gitignore: '.gitignore',
  '_package.json': 'package.json',
  '_pnpm-workspace.yaml': 'pnpm-workspace.yaml',
}

function targetOf(file) {
  return renamed[file] ?? file
}
