/** Compiles the check whether a number is a multiple of another in decimal: 19.99 is a multiple of 0.01. */
export function compileMultipleOf(divisor: number): (value: number) => boolean {
  const { digits, exponent } = decimalOf(divisor)
  return (value) => {
    if (Number.isSafeInteger(value) && Number.isSafeInteger(divisor)) return value % divisor === 0
    if (value === 0) return true
    const decimal = decimalOf(value)
    // Neither ends in a zero, so a number with more decimals than the divisor is no multiple.
    if (decimal.exponent < exponent) return false
    return (decimal.digits * powerOfTen(decimal.exponent - exponent, digits)) % digits === 0n
  }
}

/** Returns the shortest decimal of a number as `digits × 10 ** exponent`. */
function decimalOf(value: number): { digits: bigint; exponent: number } {
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string]
  const [whole, fraction = ''] = mantissa.split('.') as [string, string?]
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length }
}

/** Computes `10 ** exponent % modulus` without a number of hundreds of digits. */
function powerOfTen(exponent: number, modulus: bigint): bigint {
  let power = 1n
  let square = 10n
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = (power * square) % modulus
    square = (square * square) % modulus
  }
  return power
}
