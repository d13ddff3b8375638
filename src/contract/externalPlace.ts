/** Where an API of somebody else is. */
export interface External {
  readonly origin: string
  /** The start of all paths, without a slash at its end; may be empty. */
  readonly path: string
}

/** Returns the place of a URL. */
export function externalAt(url: URL): External {
  return { origin: url.origin, path: url.pathname.replace(/\/+$/, '') }
}
