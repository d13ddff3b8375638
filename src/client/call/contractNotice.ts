import { contractHeader, operationHash } from '../../compatibility/hash.ts'
import type { Contract } from '../../contract/contract.ts'

/** How often the calls of an operation carry the notice, in milliseconds. On every call it would cost a header. */
const intervalMs = 10_000

/** Compiles what tells a callee, now and then, which version of an operation this caller knows. */
export function compileContractNotice(
  contract: Contract,
  name: string,
  caller: string | undefined,
): (headers: Record<string, string>) => void {
  let notice: string | undefined
  let nextAt = -Infinity
  return (headers) => {
    const now = performance.now()
    if (now < nextAt) return
    nextAt = now + intervalMs
    notice ??= [operationHash(contract, name), caller].filter(Boolean).join(' ')
    headers[contractHeader] = notice
  }
}
