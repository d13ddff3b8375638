import { BadGateway } from '../contract/serverErrors.ts'
import type { CursorPage } from '../contract/responseForm.ts'
import type { AnyInput } from './call/call.ts'
import type { CallOptions } from './types.ts'

/**
 * Iterates over all items of a list that is paginated by cursor. Each page is a call, made when its items are needed.
 *
 * @throws {BadGateway} when a page is its own next one, which would never end
 */
export async function* allItems(
  call: (input?: AnyInput, options?: CallOptions) => Promise<unknown>,
  input: AnyInput = {},
  options?: CallOptions,
): AsyncGenerator<unknown, void, void> {
  let cursor: unknown = input.query?.['cursor']
  for (;;) {
    const query = cursor === undefined ? input.query : { ...input.query, cursor }
    const { items, next } = (await call(query ? { ...input, query } : input, options)) as CursorPage<unknown>
    yield* items
    if (next === null || next === undefined) return
    if (next === cursor) throw new BadGateway('a page of a list is its own next one')
    cursor = next
  }
}
