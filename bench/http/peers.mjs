/** Who takes part. Each is set up as its own documentation recommends for production; `packages` says whose versions count. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const built = (name) => here(`.build/${name}`)

/** Where a peer that traces sends its spans, and what else is on, comes from the environment. */
const everything = ({ zipkin, logFile }) => ({ OTEL_EXPORTER_ZIPKIN_ENDPOINT: zipkin, LOG_FILE: logFile })
const script =
  (file, ...options) =>
  ({ node }) => [node, ...options, here(`peers/${file}`)]

export const peers = [
  {
    name: 'tricube',
    title: 'tricube, everything on',
    packages: ['tricube'],
    command: script('tricube.mjs'),
    env: everything,
  },
  {
    name: 'tricube-bare',
    title: 'tricube, bare',
    packages: ['tricube'],
    command: script('tricube.mjs'),
    env: () => ({ OTEL_METRICS_EXPORTER: 'none', LOG_LEVEL: 'error' }),
  },
  {
    name: 'http',
    title: 'node:http',
    packages: ['pg'],
    command: script('http.mjs'),
  },
  {
    name: 'fastify',
    title: 'Fastify',
    packages: ['fastify', 'pg'],
    command: script('fastify.mjs'),
  },
  {
    name: 'fastify-otel',
    title: 'Fastify, OpenTelemetry, pino',
    packages: ['fastify', 'pg', '@opentelemetry/sdk-node', '@fastify/otel', 'pino'],
    command: script('fastify.mjs', '--import', here('peers/otel.mjs')),
    env: (where) => ({ ...everything(where), FRAMEWORK: 'fastify' }),
  },
  {
    name: 'nestjs-otel',
    title: 'NestJS, Drizzle, OpenTelemetry',
    packages: ['@nestjs/core', '@nestjs/platform-fastify', 'drizzle-orm', 'pg', '@opentelemetry/sdk-node'],
    build: () => run(here('node_modules/.bin/tsc'), ['--project', here('peers/nestjs/tsconfig.json')]),
    command: ({ node }) => [node, '--import', here('peers/otel.mjs'), built('nestjs/main.js')],
    env: ({ zipkin }) => ({ OTEL_EXPORTER_ZIPKIN_ENDPOINT: zipkin, FRAMEWORK: 'nestjs' }),
  },
  { name: 'hono', title: 'Hono', packages: ['hono', '@hono/node-server', 'zod', 'pg'], command: script('hono.mjs') },
  { name: 'express', title: 'Express', packages: ['express', 'zod', 'pg'], command: script('express.mjs') },
  {
    name: 'moleculer',
    title: 'Moleculer',
    packages: ['moleculer', 'moleculer-web', 'pg'],
    command: script('moleculer.mjs'),
  },
  {
    name: 'elysia-otel',
    title: 'Elysia on Bun, OpenTelemetry',
    packages: ['bun', 'elysia', '@elysiajs/opentelemetry'],
    command: () => [here('node_modules/.bin/bun'), here('peers/elysia.ts')],
    env: ({ zipkin }) => ({ OTEL_EXPORTER_ZIPKIN_ENDPOINT: zipkin }),
  },
  {
    name: 'go',
    title: 'Go net/http, pgx',
    packages: [],
    build: buildGo,
    command: () => [built('go')],
  },
]

/** Why a peer cannot take part; undefined when it can. What has to be built is built. */
export function prepare({ packages, build }) {
  const missing = packages.find((name) => versionOf(name) === undefined)
  if (missing) return `${missing} is not installed`
  try {
    build?.()
    return undefined
  } catch (error) {
    return error.code === 'ENOENT' ? `${error.path} is not installed` : error.message
  }
}

/** `fastify 5.12.8, pg 8.23.1`. */
export function versionsOf({ name, packages }) {
  if (name === 'go') return `${execFileSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' }).trim()}, pgx 4`
  return packages.map((one) => `${one} ${versionOf(one)}`).join(', ')
}

function versionOf(name) {
  const file = here(`node_modules/${name}/package.json`)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : undefined
}

/** With pgx as a module, else as Debian's package golang-github-jackc-pgx-v4-dev. */
function buildGo() {
  const build = (env) =>
    run('go', ['build', '-o', built('go'), '.'], { cwd: here('peers/go'), env: { ...process.env, ...env } })
  try {
    build({ GO111MODULE: 'off', GOPATH: '/usr/share/gocode' })
  } catch (error) {
    if (error.code === 'ENOENT') throw error
    build({ GOFLAGS: '-mod=mod' })
  }
}

function run(file, args, options) {
  execFileSync(file, args, { stdio: 'pipe', ...options })
}
