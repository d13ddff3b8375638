// Runs the jobs of one contestant and says what that has cost: forked by run.mjs with its options as JSON.
import { performance } from 'node:perf_hooks'

const { peer, count, ...options } = JSON.parse(process.argv[2])
const { start } = await import(`./${peer}.mjs`)
process.on('disconnect', () => process.exit())

let done = 0
let onAll = () => {}
const seen = options.latency ? (n) => process.send({ handled: n, at: Date.now() + (performance.now() % 1) }) : () => {}
const all = new Promise((resolve) => (onAll = resolve))
/** The first tenth is the start of the process, and of its code. */
const warm = Math.ceil(count / 10)
let from
let before
const running = await start({
  ...options,
  done(n) {
    seen(n)
    if (++done === warm) {
      from = performance.now()
      before = process.cpuUsage()
      process.send({ warm: true })
    }
    if (done === count) onAll()
  },
})
process.send({ started: true })
process.on('message', async (message) => {
  if (message.add) await running.add(message.add)
  if (message.stop) {
    await running.close()
    process.exit(0)
  }
})
if (count > 0) {
  await all
  const ms = performance.now() - from
  const { user, system } = process.cpuUsage(before)
  process.send({ ms, cpuMs: (user + system) / 1000, measured: count - warm })
}
