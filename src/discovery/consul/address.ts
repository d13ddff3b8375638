/** Where a Consul agent answers. */
export interface AgentAddress {
  readonly secure: boolean
  readonly host: string
  readonly port: number
  readonly socketPath?: string
  /** Of an agent behind a proxy: what stands before `/v1`. */
  readonly basePath: string
}

/**
 * Reads `CONSUL_HTTP_ADDR`: `127.0.0.1:8500`, `https://consul.internal`, `unix:///run/consul.sock`.
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
  if (!host || Number(port) > 65535) throw new TypeError(`"${text}" is no address of a Consul agent`)
  const secure = ssl || scheme?.toLowerCase() === 'https'
  const usual = scheme === undefined ? 8500 : secure ? 443 : 80
  return {
    secure,
    host: host.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port ?? usual),
    basePath: path.replace(/\/+$/, ''),
  }
}
