/**
 * Returns a response whose body fails with the error of your choice, however it is read. Undici's own `terminated` does not
 * say which service broke the connection.
 */
export function withBodyErrors(response: Response, errorOf: (cause: unknown) => unknown): Response {
  const { status, statusText, headers, url, redirected } = response
  if (!response.body || !canBeMade(status)) return response
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  const body = new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      // Not earlier: undici frees the connection of a response that nobody has begun to read, and that nobody holds.
      reader ??= response.body!.getReader()
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw errorOf(cause)
      })
      if (!done) return controller.enqueue(value)
      controller.close()
      controller.byobRequest?.respond(0)
    },
    cancel: (reason) => (reader ?? response.body!).cancel(reason),
  })
  return named(new Response(body, { status, statusText, headers }), { url, redirected })
}

/** The constructor takes no other status. A server may send one. */
function canBeMade(status: number): boolean {
  return status >= 200 && status <= 599
}

/** Adds what the constructor does not take. */
function named(response: Response, { url, redirected }: Pick<Response, 'url' | 'redirected'>): Response {
  return Object.defineProperties(response, {
    url: { value: url },
    redirected: { value: redirected },
    clone: { value: () => named(Response.prototype.clone.call(response), { url, redirected }) },
  })
}
