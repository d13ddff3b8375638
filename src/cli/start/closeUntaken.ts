import type { ChildProcess } from 'node:child_process'

/**
 * Closes the connections that were sent to a worker and not accepted by it before it exited.
 *
 * Node keeps such connections open for an acknowledgement that never comes, so their callers would wait. These internal
 * messages of node:cluster are not documented. If they change, only this cleanup is lost.
 */
export function closeUntaken(worker: ChildProcess): void {
  const unacknowledged = new Map<number, { close(): void }>()
  const send = worker.send.bind(worker) as (...args: unknown[]) => boolean
  worker.send = (...args: unknown[]) => {
    const [message, connection] = args as [{ act?: string; seq: number }, { close(): void } | undefined]
    if (connection && message.act === 'newconn') unacknowledged.set(message.seq, connection)
    return send(...args)
  }
  worker.on('internalMessage', ({ ack }: { ack?: number }) => ack !== undefined && unacknowledged.delete(ack))
  worker.once('exit', () => unacknowledged.forEach((connection) => connection.close()))
}
