// The servers that the queues stand on, and the CPU time that they use.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const ticksPerSecond = 100

/** CPU time of a process and its children, those that have ended included, in milliseconds. Linux only. */
export function cpuOf(pid) {
  let ticks = 0
  for (const entry of readdirSync('/proc')) {
    const stat = /^\d+$/.test(entry) && statOf(entry)
    if (!stat) continue
    const isRoot = Number(entry) === pid
    if (isRoot) ticks += stat.own + stat.ended
    else if (stat.parent === pid) ticks += stat.own
  }
  return (ticks * 1000) / ticksPerSecond
}

function statOf(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
    const [utime, stime, cutime, cstime] = fields.slice(11, 15).map(Number)
    return { parent: Number(fields[1]), own: utime + stime, ended: cutime + cstime }
  } catch {
    return undefined // it has ended meanwhile
  }
}

/** Starts a Redis that keeps an append-only file, as one that loses no jobs has to. */
export async function startRedis(folder) {
  const port = 18_000 + Math.floor(Math.random() * 900)
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--appendonly', 'yes', '--dir', folder, '--save', '']
  const child = spawn(process.env.REDIS_SERVER ?? 'redis-server', args, { stdio: 'ignore' })
  await listening(port)
  return { port, pid: child.pid, stop: () => child.kill() }
}

/** Starts a NATS with JetStream. */
export async function startNats(folder) {
  const port = 19_000 + Math.floor(Math.random() * 900)
  const args = ['--jetstream', '--store_dir', `${folder}/nats`, '--addr', '127.0.0.1', '--port', String(port)]
  const child = spawn(process.env.NATS_SERVER ?? 'nats-server', args, { stdio: 'ignore' })
  await listening(port)
  return { url: `nats://127.0.0.1:${port}`, stop: () => child.kill() }
}

async function listening(port) {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const isThere = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error')]).catch(
      () => false,
    )
    socket.destroy()
    if (isThere === true) return
    await delay(50)
  }
}
