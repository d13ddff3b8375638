/** How long an issuer may take, in milliseconds. */
const timeoutMs = 5000
/** The largest document of an issuer, in bytes: a hundred keys with their certificates have 300 KiB. */
const maxBytes = 512 * 1024

/**
 * Fetches a JSON object from an issuer. It follows no redirect, so that only the configuration decides who is asked.
 *
 * @throws {Error} when there is no response in time, or it is no JSON object of at most 512 KiB
 */
export async function fetchJson(url: string): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  })
  if (!response.ok) {
    await response.body?.cancel()
    throw new Error(`${url} responded with ${response.status}`)
  }
  const value: unknown = JSON.parse(await textOf(url, response))
  if (typeof value !== 'object' || value === null) throw new Error(`${url} responded with no JSON object`)
  return value as Readonly<Record<string, unknown>>
}

async function textOf(url: string, { body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > maxBytes) throw new Error(`${url} responded with more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
