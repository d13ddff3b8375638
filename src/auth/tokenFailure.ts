import { errors } from 'jose'
import type { AuthFailure } from './authenticator.ts'

/** Rejects credentials that are not genuine. */
export function invalid(reason: string): AuthFailure {
  return { failure: 'invalid', reason }
}

/** Names the check that failed. jose's messages repeat no values of the token. */
export function reasonOf(error: unknown): string {
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong'
  if (error instanceof errors.JWTClaimValidationFailed) return `its claim ${error.claim} is wrong or missing`
  return error instanceof errors.JOSEError ? error.message : 'its key cannot be used with its algorithm'
}
