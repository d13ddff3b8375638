import type { ChildProcess } from 'node:child_process'

/**
 * Closes the connections that a worker was handed and had not taken when it was gone.
 *
 * Node keeps them for an answer that will never come, and their callers wait. What it sends and hears between the two is
 * not documented; should it change, things are as they are without this.
 */
export function closeUntaken(worker: ChildProcess): void {
  const handed = new Map<number, { close(): void }>()
  const send = worker.send.bind(worker) as (...given: unknown[]) => boolean
  worker.send = (...given: unknown[]) => {
    const [message, connection] = given as [{ act?: string; seq: number }, { close(): void } | undefined]
    if (connection && message.act === 'newconn') handed.set(message.seq, connection)
    return send(...given)
  }
  worker.on('internalMessage', ({ ack }: { ack?: number }) => ack !== undefined && handed.delete(ack))
  worker.once('exit', () => handed.forEach((connection) => connection.close()))
}
