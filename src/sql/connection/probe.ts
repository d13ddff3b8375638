import type { Address } from '../url/settings.ts'
import { dial, sslRequest } from './socket.ts'

/** Whether a PostgreSQL responds at all, within `limitMs`; opens no session. */
export function responds(address: Address, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = dial(address)
    const end = (alive: boolean): void => {
      clearTimeout(limit)
      socket.destroy()
      resolve(alive)
    }
    const limit = setTimeout(() => end(false), limitMs)
    socket.on('connect', () => socket.write(sslRequest))
    socket.on('data', () => end(true))
    socket.on('error', () => end(false))
    socket.on('close', () => end(false))
  })
}
