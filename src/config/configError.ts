/** A configuration value is invalid; the message is one line: the name, its source, what was expected. */
export class ConfigError extends TypeError {
  override readonly name: string = 'ConfigError'
}
