import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ownFolder } from '../../load/own.ts'
import type { Route, RouteRequest } from './router.ts'
import { send } from './respond.ts'

const types = {
  'main.js': 'text/javascript; charset=utf-8',
  'main.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const

/** The files of the page. They are those of the package and hold nothing of the user. */
export function assetRoutes(): Route[] {
  return Object.entries(types).map(([name, type]) => ({
    method: 'GET',
    path: `/assets/${name}`,
    for: 'public',
    async handle({ response }: RouteRequest) {
      send(response, 200, type, await readFile(assetPath(name)), { 'cache-control': 'no-cache' })
    },
  }))
}

/** Reads the page itself. */
export function readPage(): Promise<Buffer> {
  return readFile(assetPath('index.html'))
}

function assetPath(name: string): string {
  return join(ownFolder(), 'dashboard/page', name)
}
