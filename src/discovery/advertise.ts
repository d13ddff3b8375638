import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { lookup } from 'node:dns/promises'

/** Whether an address is a wildcard, which listens on every interface of the machine. */
export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}

/** Whether only this machine can reach an address. */
export function isLoopback(address: string): boolean {
  return /^127\.|^::1$|^localhost$/.test(address)
}

/**
 * Returns this machine's address on the interface that routes to a host.
 *
 * A connected UDP socket knows its own address, and connecting it sends nothing. Rejects when there is no route.
 */
export async function addressTowards(host: string, port: number): Promise<string> {
  const { address } = await lookup(host)
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  try {
    return await new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.connect(port, address, () => resolve(socket.address().address))
    })
  } finally {
    socket.close()
  }
}
