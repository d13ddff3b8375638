import { spawn } from 'node:child_process'

/** Stops the server when this process is gone, `kill -9` included. */
export interface Watchdog {
  /** The server has stopped: nothing to watch. */
  release(): void
}

/**
 * A shell that waits on a pipe from us. When we end, in whatever way, the pipe closes: it stops the server and deletes
 * the folder of a temporary one. Windows has no such shell: there the next start adopts the server.
 */
export function watchdog(pid: number, folder?: string): Watchdog {
  if (process.platform === 'win32') return { release: () => {} }
  const child = spawn('/bin/sh', ['-c', script, 'sh', String(pid), folder ?? ''], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.on('error', () => {})
  child.unref()
  ;(child.stdin as unknown as { unref(): void }).unref()
  return { release: () => void child.kill('SIGKILL') }
}

const script = `
read -r _
kill -INT "$1"
[ -n "$2" ] || exit 0
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$1" && sleep 0.2; done
rm -rf "$2"
`
