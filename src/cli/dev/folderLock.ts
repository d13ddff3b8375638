import { once } from 'node:events'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { CliError } from '../failure.ts'

/** The environment of each service that dev runs, by name, as far as dev sets it. */
export type DevServices = Readonly<Record<string, NodeJS.ProcessEnv>>

/** What the file says of the process that holds the folder. */
interface Holder {
  readonly pid: number
  readonly port: number
  readonly services: DevServices
}

/** A folder that this process holds. */
export interface FolderLock {
  /** Tells `tricube run` of the services. */
  tell(services: DevServices): Promise<void>
  /** Lets go of the folder. */
  release(): Promise<void>
}

/**
 * Makes this process the only `tricube dev` of a folder: a second one would share its data and its ports.
 *
 * The file names a port on which the holder answers with its process id, so that one that was killed holds nothing, even
 * when its process id is another's by now.
 *
 * @throws {CliError} naming the process that holds it.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const file = lockFile(folder)
  await mkdir(join(file, '..'), { recursive: true })
  const holder = await holderOf(file)
  if (holder) {
    throw new CliError(`tricube dev already runs in this folder (pid ${holder.pid}): stop it, or use its services`)
  }
  const server = createServer((socket) => socket.end(String(process.pid))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.unref()
  const { port } = server.address() as AddressInfo
  const write = async (services: DevServices): Promise<void> => {
    const content: Holder = { pid: process.pid, port, services }
    await rm(file, { force: true }) // the mode counts when a file is made
    await writeFile(file, JSON.stringify(content), { mode: 0o600 }) // URLs of databases have passwords
  }
  await write({})
  return {
    tell: write,
    async release() {
      server.close()
      await rm(file, { force: true })
    },
  }
}

/** The environments of the services that a `tricube dev` of this folder runs; undefined when none runs. */
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
    let answer = ''
    for await (const text of socket as AsyncIterable<string>) answer += text
    return answer === String(pid) ? holder : undefined
  } catch {
    return undefined // no file, a broken one, or nobody behind the port
  }
}
