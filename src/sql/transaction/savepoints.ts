import { AsyncLocalStorage } from 'node:async_hooks'

/** A transaction or a savepoint, with the one that contains it. */
export interface Nested {
  readonly isOpen: boolean
  readonly parent: Nested | undefined
}

/** A savepoint whose function runs, and the one around it, perhaps of another transaction. */
interface Running {
  readonly savepoint: Nested
  readonly around: Running | undefined
}

const storage = new AsyncLocalStorage<Running>()
let running = 0

/**
 * Runs the function of a savepoint so that `innermost` finds it.
 *
 * Before Node 24 this makes each promise of the process more expensive, so it is active only while there is a savepoint.
 */
export async function within<T>(savepoint: Nested, fn: () => Promise<T>): Promise<T> {
  running++
  try {
    return await storage.run({ savepoint, around: storage.getStore() }, fn)
  } finally {
    if (--running === 0) storage.disable()
  }
}

/** Returns the innermost open savepoint of a transaction around the calling code, else the transaction. */
export function innermost<Tx extends Nested>(transaction: Tx): Tx {
  if (running === 0) return transaction
  for (let at = storage.getStore(); at; at = at.around) {
    if (at.savepoint.isOpen && isIn(at.savepoint, transaction)) return at.savepoint as Tx
  }
  return transaction
}

function isIn(savepoint: Nested, transaction: Nested): boolean {
  let at: Nested | undefined = savepoint
  while (at && at !== transaction) at = at.parent
  return at !== undefined
}
