import { once } from 'node:events'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { CliError } from '../failure.ts'

/**
 * Makes this process the only `tricube dev` of a folder: a second one would share its data and its ports.
 *
 * The file names a port on which the holder answers with its process id, so that one that was killed holds nothing, even
 * when its process id is another's by now.
 *
 * @returns What lets go.
 * @throws {CliError} naming the process that holds it.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const file = join(resolve(folder), '.tricube', 'dev.json')
  await mkdir(join(file, '..'), { recursive: true })
  const holder = await holderOf(file)
  if (holder !== undefined) {
    throw new CliError(`tricube dev already runs in this folder (pid ${holder}): stop it, or use its services`)
  }
  const server = createServer((socket) => socket.end(String(process.pid))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.unref()
  await writeFile(file, JSON.stringify({ pid: process.pid, port: (server.address() as AddressInfo).port }))
  return async () => {
    server.close()
    await rm(file, { force: true })
  }
}

async function holderOf(file: string): Promise<number | undefined> {
  try {
    const { pid, port } = JSON.parse(await readFile(file, 'utf8')) as { pid: number; port: number }
    const socket = connect({ port, host: '127.0.0.1', timeout: 1000 }).setEncoding('utf8')
    socket.on('timeout', () => socket.destroy())
    let answer = ''
    for await (const text of socket as AsyncIterable<string>) answer += text
    return answer === String(pid) ? pid : undefined
  } catch {
    return undefined // no file, a broken one, or nobody behind the port
  }
}
