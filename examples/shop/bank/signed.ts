import { createHmac, randomUUID } from 'node:crypto'

/** Returns the headers that sign a webhook: https://www.standardwebhooks.com */
export function signed(body: string, secret: string): Record<string, string> {
  const id = `msg_${randomUUID()}`
  const at = String(Math.floor(Date.now() / 1000))
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': `v1,${signature}` }
}
