import { expectedNames } from '../schema/validator/nearestName.ts'

/** Returns which option of an object is none of the known ones; undefined when all of them are. */
export function unknownOption(options: object | undefined, known: readonly string[]): string | undefined {
  const unknown = Object.keys(options ?? {}).find((option) => !known.includes(option))
  return unknown && `unknown option "${unknown}"${expectedNames(unknown, known)}`
}
