/** CPU time and memory of running programs, each with all of its processes and threads. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts CPU time in hundredths of a second for those who read it. */
const ticksPerSecond = 100
const hasProc = process.platform === 'linux'

/** CPU seconds, user and system, that the processes have used so far. */
export function cpuSeconds(pids) {
  if (!hasProc) return pids.map(cpuByPs).reduce((a, b) => a + b, 0)
  return pids.flatMap(withChildren).reduce((sum, pid) => sum + cpuByProc(pid), 0)
}

/** Resident memory of the processes in MiB. */
export function residentMiB(pids) {
  if (!hasProc) return pids.map(residentByPs).reduce((a, b) => a + b, 0)
  const kilobytes = (pid) => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  return pids.flatMap(withChildren).reduce((sum, pid) => sum + kilobytes(pid) / 1024, 0)
}

/** With what its threads have used that are no more. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function cpuByProc(pid) {
  const [user, system] = fieldsOf(pid).slice(11, 13).map(Number)
  return (user + system) / ticksPerSecond
}

function withChildren(pid) {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === String(pid))
  return [pid, ...children.flatMap(withChildren)]
}

function parentOf(pid) {
  try {
    return fieldsOf(pid)[1]
  } catch {
    return undefined // it has ended meanwhile
  }
}

/** What stands behind the name of the program, which may contain anything. */
function fieldsOf(pid) {
  return readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
}

function cpuByPs(pid) {
  const time = execFileSync('ps', ['-o', 'time=', '-p', String(pid)], { encoding: 'utf8' }).trim()
  return time.split(/[:-]/).reduce((seconds, part) => seconds * 60 + Number(part), 0)
}

function residentByPs(pid) {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024
}
