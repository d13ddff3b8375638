/** Whether a value of this name is a secret, which is never logged. */
export function isSecret(name: string): boolean {
  let secret = known.get(name)
  if (secret === undefined) {
    secret = endsSecretly(name)
    if (known.size < maxKnown) known.set(name, secret)
  }
  return secret
}

/** A cache of results: a program has few names and many lines. */
const known = new Map<string, boolean>()
const maxKnown = 10_000

function endsSecretly(name: string): boolean {
  const words = name
    .slice(-maxLength)
    .replace(/([a-z\d])([A-Z])|([A-Z])([A-Z][a-z])/g, '$1$3_$2$4')
    .toLowerCase()
  return secretEnd.test(words.replaceAll(/[^a-z\d]+/g, '_'))
}

/** The longest name that is examined; longer ones only keep the service busy. */
const maxLength = 128

/** Suffixes of names that are still secrets: `passwordHash`, `password_confirmation`, `jwt_value`. */
const form =
  '(?:_?(?:hash|hashed|digest|confirmation|confirm|repeat|again|plain|raw|encoded|encrypted|value|text|header|pem)s?)*'
const anywhere =
  'authorization|cookies?2?|sessid|passwords?|passwd|passphrase|passcode|tokens?|secrets?|credentials?|jwts?|raw_?headers|raw_?trailers'
const keys = '(?:api|private|secret|access|encryption|signing|master|session|account|shared|license)_?keys?(?:_?id)?'
/** Words so short that others end in them, so they must stand alone. */
const words = 'pwd|pass|otp|totp|pin|sid|sess|session_?id|session|bearer|cvv|cvc|ssn|csrf|xsrf'
const secretEnd = new RegExp(`^_header$|(?:${anywhere}|${keys}|(?:^|_)(?:${words}))${form}$`)
