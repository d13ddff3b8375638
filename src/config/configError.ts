/**
 * The error of an invalid configuration value. Its message is one line with the name, the source and the expected value.
 *
 * @example
 * try {
 *   await users.listen()
 * } catch (error) {
 *   if (!(error instanceof ConfigError)) throw error
 *   console.error(error.message) // PORT in the environment: expected a whole number from 0 to 65535, got "http"
 * }
 */
export class ConfigError extends TypeError {
  override readonly name: string = 'ConfigError'
}
