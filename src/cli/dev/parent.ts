import { execFileSync } from 'node:child_process'

/**
 * Calls back when the parent process has exited.
 *
 * Under npm, it watches npm itself: npm may start a shell in between, which keeps running when npm is killed.
 */
export function onParentExit(callback: () => void): void {
  const parent = process.ppid
  const npm = process.env['npm_execpath'] === undefined ? undefined : parentOfShell(parent)
  const timer = setInterval(() => {
    if (process.ppid === parent && (npm === undefined || isRunning(npm))) return
    clearInterval(timer)
    callback()
  }, intervalMs)
  timer.unref()
}

const intervalMs = 500

/** Returns the parent of a process if that process is a shell. */
function parentOfShell(pid: number): number | undefined {
  try {
    const ps = ['-o', 'ppid=,comm=', '-p', String(pid)]
    const text = execFileSync('ps', ps, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const [, parent, name = ''] = /^\s*(\d+)\s+(.*?)\s*$/.exec(text) ?? []
    return /(?:^|[/-])(?:sh|dash|bash|ash|zsh)$/.test(name) && Number(parent) > 1 ? Number(parent) : undefined
  } catch {
    return undefined // no ps, as on Windows
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
