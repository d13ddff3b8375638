/** The error of a value that no parameter accepts. Its stack shows the line of the statement. */
export class ParameterError extends TypeError {
  override readonly name: string = 'TypeError'
}
