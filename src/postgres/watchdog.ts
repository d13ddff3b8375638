import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** Stops the server when this process ends, also by `kill -9`. */
export interface Watchdog {
  /** Ends the watch, once the server has stopped. */
  release(): void
}

/**
 * A shell that waits on a pipe. The pipe closes when this process ends for any reason. Then the shell stops the server and
 * deletes its temporary folder. Windows has no such shell: there the next start adopts the server.
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

// The file exists as long as the server does. Afterwards another program may have its process ID.
const script = `
read -r _
read -r pid < "$2" && [ "$pid" = "$1" ] && kill -INT "$1"
[ -n "$3" ] || exit 0
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -e "$2" ] && sleep 0.2; done
rm -rf "$3"
`
