/** Gives the servers one core, and everything else (load, database, collector, the bench itself) another. */
import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

const serverCore = '0'
const loadCore = '1'

/** Moves this process, and so what it starts, to the load's core; false where that cannot be done. */
export function leaveServerCore() {
  if (process.platform !== 'linux' || availableParallelism() < 2) return false
  try {
    execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', loadCore, String(process.pid)], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** The command that runs another one on the servers' core. */
export function onServerCore(isPinned, command) {
  return isPinned ? ['taskset', '--cpu-list', serverCore, ...command] : command
}
