import { hint } from '../../schema/validator/nearestName.ts'
import { CliError } from '../failure.ts'
import type { DevServices } from './folderLock.ts'

/**
 * Returns the environment that `tricube dev` sets for the named service, or for the only one with a database.
 *
 * @throws {CliError} when there is no such service, or several have a database and none is named
 */
export function devService(program: string, services: DevServices, name: string | undefined): NodeJS.ProcessEnv {
  const names = Object.keys(services).toSorted()
  if (name !== undefined) {
    const found = services[name]
    if (found) return found
    throw new CliError(
      `${program}: --service must be ${names.join(' or ')}, got ${JSON.stringify(name)}${hint(name, names)}`,
    )
  }
  const withDatabase = names.filter((one) => services[one]!['DATABASE_URL'] !== undefined)
  if (withDatabase.length > 1) {
    throw new CliError(
      `${program}: several services have a database; add --service ${withDatabase.join(' or --service ')}`,
    )
  }
  return services[withDatabase[0] ?? names[0]!] ?? {}
}
