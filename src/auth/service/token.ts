/** The type of a service's token, so that it is never taken for the token of a user, nor the other way round. */
export const serviceTokenType = 'service+jwt'

/** How long a token of a service is valid, in seconds. */
export const lifetimeSeconds: number = 60
