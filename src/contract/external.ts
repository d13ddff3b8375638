import { describeValue } from '../schema/describeValue.ts'
import { checkContract, ContractError } from './check.ts'
import type { Contract } from './contract.ts'
import type { Checked, Drafts, OperationsOf } from './draft.ts'
import { externalAt } from './externalPlace.ts'
import type { Operations } from './operation.ts'

/** What {@link external} needs to know of an API. */
export interface ExternalOptions<Ops> {
  /** The start of its URLs, such as `https://api.example.com/v1`. */
  readonly url: string
  /** The operations that you call. Paths continue the URL. */
  readonly operations: Ops
}

/**
 * Describes an API of somebody else, to call it like a service of your own: name it in `clients`. Bodies are plain data,
 * and no header that only your services may see is sent. A status among the `errors` of an operation is thrown as that
 * class, with the body as its detail. Any other error is a `BadGateway`.
 *
 * @throws {ContractError} naming the operation and what is wrong with it
 *
 * @example
 * export const stripe = external('stripe', {
 *   url: 'https://api.stripe.com/v1',
 *   operations: {
 *     charge: {
 *       route: 'POST /charges',
 *       body: form({ amount: t.Integer(), currency: t.String(), source: t.String() }),
 *       returns: t.Object({ id: t.String(), status: t.String() }),
 *       errors: [PaymentRequired],
 *     },
 *   },
 * })
 */
export function external<const Name extends string, const Ops extends Drafts>(
  name: Name,
  { url, operations }: ExternalOptions<Ops & { [Key in keyof Ops]: Checked<Ops[Key]> }>,
): Contract<Name, OperationsOf<Ops>, {}> {
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.search || parsed.hash || parsed.username) {
    throw new ContractError(
      `external "${name}": url must be like https://api.example.com/v1, got ${describeValue(url)}`,
    )
  }
  checkContract(name, operations as unknown as Operations, { envelope: 'plain' }, { reserved: [] })
  return Object.freeze({
    envelope: 'plain' as const,
    name,
    operations: operations as unknown as OperationsOf<Ops>,
    events: {},
    external: externalAt(parsed),
  })
}
