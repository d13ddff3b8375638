/** Compiles whether a number is a multiple of another as they are written in decimal: 19.99 is one of 0.01. */
export function compileMultipleOf(divisor: number): (value: number) => boolean {
  const { digits, exponent } = decimalOf(divisor)
  return (value) => {
    if (Number.isSafeInteger(value) && Number.isSafeInteger(divisor)) return value % divisor === 0
    if (value === 0) return true
    const given = decimalOf(value)
    // Neither has a zero at its end, so that one with more decimals than the divisor is none.
    if (given.exponent < exponent) return false
    return (given.digits * powerOfTen(given.exponent - exponent, digits)) % digits === 0n
  }
}

/** The shortest decimal that is this number, as `digits × 10 ** exponent`. */
function decimalOf(value: number): { digits: bigint; exponent: number } {
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string]
  const [whole, fraction = ''] = mantissa.split('.') as [string, string?]
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length }
}

/** `10 ** exponent % modulus`, without a number of hundreds of digits. */
function powerOfTen(exponent: number, modulus: bigint): bigint {
  let power = 1n
  let square = 10n
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = (power * square) % modulus
    square = (square * square) % modulus
  }
  return power
}
