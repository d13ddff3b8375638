import { execFileSync } from 'node:child_process'

/**
 * Calls back when whoever started this process is gone. Under npm that is npm itself: between it and this process may be a
 * shell, which lives on when npm is killed.
 */
export function onParentGone(callback: () => void): void {
  const parent = process.ppid
  const npm = process.env['npm_execpath'] === undefined ? undefined : starterOfShell(parent)
  const timer = setInterval(() => {
    if (process.ppid === parent && (npm === undefined || isThere(npm))) return
    clearInterval(timer)
    callback()
  }, intervalMs)
  timer.unref()
}

const intervalMs = 500

/** The parent of a process that is a shell. */
function starterOfShell(pid: number): number | undefined {
  try {
    const ps = ['-o', 'ppid=,comm=', '-p', String(pid)]
    const text = execFileSync('ps', ps, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const [, parent, name = ''] = /^\s*(\d+)\s+(.*?)\s*$/.exec(text) ?? []
    return /(?:^|[/-])(?:sh|dash|bash|ash|zsh)$/.test(name) && Number(parent) > 1 ? Number(parent) : undefined
  } catch {
    return undefined // no ps, as on Windows
  }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
