/** The address of a view: everything that a link to it needs is behind the `#`. */
import { useEffect, useState } from 'preact/hooks'

export interface Address {
  /** `/traces/4bf9…` as its parts. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
}

function parseAddress(hash: string): Address {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?')
  return { path: path.split('/').filter(Boolean).map(decoded), query: new URLSearchParams(query) }
}

/** A link to a view. Empty values are left out. */
export function hrefOf(path: string, query: Readonly<Record<string, string | undefined>> = {}): string {
  const set = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  const text = new URLSearchParams(set as [string, string][]).toString()
  return `#/${path}${text ? `?${text}` : ''}`
}

/** Goes to a view; the address that it replaces is not in the history of the browser. */
export function replaceAddress(href: string): void {
  history.replaceState(null, '', href)
  dispatchEvent(new HashChangeEvent('hashchange'))
}

export function useAddress(): Address {
  const [hash, setHash] = useState(location.hash)
  useEffect(() => {
    const read = (): void => setHash(location.hash)
    addEventListener('hashchange', read)
    read() // the address may have changed since the page was drawn
    return () => removeEventListener('hashchange', read)
  }, [])
  return parseAddress(hash)
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
