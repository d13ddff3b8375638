import { AsyncLocalStorage } from 'node:async_hooks'

/** A transaction or a savepoint, as far as it matters which one is in which. */
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
 * Before Node 24 this makes every promise of the process dearer, so it is on only while there is a savepoint.
 */
export async function within<T>(savepoint: Nested, fn: () => Promise<T>): Promise<T> {
  running++
  try {
    return await storage.run({ savepoint, around: storage.getStore() }, fn)
  } finally {
    if (--running === 0) storage.disable()
  }
}

/** The innermost open savepoint of a transaction that the code which asks is in; the transaction when it is in none. */
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
