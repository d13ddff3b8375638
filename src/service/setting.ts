/** A value of the configuration: where it comes from and what it may be. */
export interface Setting {
  readonly variable: string
  readonly expected: string
  /** What a variable's text stands for; anything that `accepts` refuses when it stands for nothing. */
  readonly parse: (text: string) => unknown
  readonly accepts: (value: unknown) => boolean
  /** In one line what is wrong with a value that it does not accept, in place of what was expected. */
  readonly problem?: (value: unknown) => string | undefined
  /** Never repeated in a message. */
  readonly secret?: boolean
}

/** What a function returns; undefined when it throws. */
export function attempt<Value>(fn: () => Value): Value | undefined {
  try {
    return fn()
  } catch {
    return undefined
  }
}
