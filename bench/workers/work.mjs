// The work itself: some milliseconds of CPU, the same on any machine at any load. Forked, it does as much as it is told.
import { pbkdf2Sync } from 'node:crypto'

export function work() {
  pbkdf2Sync('password', 'salt', 10_000, 32, 'sha256')
}

process.on('message', ({ times }) => {
  if (times === undefined) return // as a worker's, it is not for us
  for (let n = 0; n < times; n++) work()
  process.send('done')
})
