import { once } from 'node:events'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { CliError } from '../failure.ts'

/** The variables that dev sets for each of its services, by the service's name. */
export type DevServices = Readonly<Record<string, NodeJS.ProcessEnv>>

/** The content of the lockfile: the process that holds the folder. */
interface Holder {
  readonly pid: number
  readonly port: number
  readonly services: DevServices
}

/** A held lock on a folder. */
export interface FolderLock {
  /** Publishes the services' environments to `tricube run`. */
  publish(services: DevServices): Promise<void>
  /** Releases the folder. */
  release(): Promise<void>
}

/**
 * Makes this process the only `tricube dev` of a folder. A second one would use the same data and ports.
 *
 * The lockfilenames a port on which the holder sends its process id. A killed holder therefore holds nothing, even if
 * another process has its id by now.
 *
 * @throws {CliError} when another process holds the folder; the message has its process id
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const file = lockFile(folder)
  await mkdir(join(file, '..'), { recursive: true })
  const holder = await holderOf(file)
  if (holder) {
    throw new CliError(`tricube dev already runs in this folder (pid ${holder.pid}); stop it, or use its services`)
  }
  const server = createServer((socket) => socket.end(String(process.pid))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.unref()
  const { port } = server.address() as AddressInfo
  const write = async (services: DevServices): Promise<void> => {
    const content: Holder = { pid: process.pid, port, services }
    await rm(file, { force: true }) // the mode applies only when the file is created
    await writeFile(file, JSON.stringify(content), { mode: 0o600 }) // database URLs contain passwords
  }
  await write({})
  return {
    publish: write,
    async release() {
      server.close()
      await rm(file, { force: true })
    },
  }
}

/** Returns the environments of this folder's `tricube dev`; undefined if none runs. */
export async function runningDev(folder: string): Promise<DevServices | undefined> {
  return (await holderOf(lockFile(folder)))?.services
}

function lockFile(folder: string): string {
  return join(resolve(folder), '.tricube', 'dev.json')
}

async function holderOf(file: string): Promise<Holder | undefined> {
  try {
    const holder = JSON.parse(await readFile(file, 'utf8')) as Holder
    const { pid, port } = holder
    const socket = connect({ port, host: '127.0.0.1', timeout: 1000 }).setEncoding('utf8')
    socket.on('timeout', () => socket.destroy())
    let response = ''
    for await (const text of socket as AsyncIterable<string>) response += text
    return response === String(pid) ? holder : undefined
  } catch {
    return undefined // no file, a broken file, or no process on the port
  }
}
