import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** Stops the server when this process is gone, `kill -9` included. */
export interface Watchdog {
  /** The server has stopped: nothing to watch. */
  release(): void
}

/**
 * A shell that waits on a pipe from us. When we end, in whatever way, the pipe closes: it stops the server and deletes
 * the folder of a temporary one. Windows has no such shell: there the next start adopts the server.
 */
export function watchdog(pid: number, cluster: string, folder?: string): Watchdog {
  if (process.platform === 'win32') return { release: () => {} }
  const child = spawn('/bin/sh', ['-c', script, 'sh', String(pid), join(cluster, 'postmaster.pid'), folder ?? ''], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.on('error', () => {})
  child.unref()
  ;(child.stdin as unknown as { unref(): void }).unref()
  return { release: () => void child.kill('SIGKILL') }
}

// The file is there as long as the server is: its number may be another program's afterwards.
const script = `
read -r _
read -r pid < "$2" && [ "$pid" = "$1" ] && kill -INT "$1"
[ -n "$3" ] || exit 0
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -e "$2" ] && sleep 0.2; done
rm -rf "$3"
`
