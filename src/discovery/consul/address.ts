/** The address of a Consul agent. */
export interface AgentAddress {
  readonly secure: boolean
  readonly host: string
  readonly port: number
  readonly socketPath?: string
  /** The path before `/v1`, for an agent behind a proxy. */
  readonly basePath: string
}

/**
 * Parses `CONSUL_HTTP_ADDR`: `127.0.0.1:8500`, `https://consul.internal`, `unix:///run/consul.sock`.
 *
 * @throws {TypeError} when it is none of these
 */
export function parseAgentAddress(
  text: string,
  { ssl = false }: { readonly ssl?: boolean | undefined } = {},
): AgentAddress {
  const [, socketPath] = /^unix:\/\/(\/.+)$/.exec(text) ?? []
  if (socketPath) return { secure: false, host: 'localhost', port: 0, socketPath, basePath: '' }
  const [, scheme, host, port, path = ''] =
    /^(?:(https?):\/\/)?(\[[\da-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?(\/[\w./-]*)?$/i.exec(text) ?? []
  if (!host || Number(port) > 65535) {
    throw new TypeError(
      `"${text}" is not an address of a Consul agent: expected host:port, https://host:port or unix:///path`,
    )
  }
  const secure = ssl || scheme?.toLowerCase() === 'https'
  const defaultPort = scheme === undefined ? 8500 : secure ? 443 : 80
  return {
    secure,
    host: host.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port ?? defaultPort),
    basePath: path.replace(/\/+$/, ''),
  }
}
