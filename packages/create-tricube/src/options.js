import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

export const usage = `Usage: npm create tricube@latest [folder] [-- options]

  --yes, -y            ask nothing; install packages and create a Git repository
  --no-install         do not install packages
  --no-git             do not create a Git repository
  --tricube <version>  the version or tarball of tricube, instead of the one that this belongs to
  --help, -h`

/** The command was used wrongly; the message is one line. */
export class UsageError extends Error {}

/** Reads the arguments; what is not given is undefined. */
export function parseOptions(argv) {
  const { values, positionals } = parse(argv)
  if (positionals.length > 1) throw new UsageError(`expected one folder, got ${positionals.join(' ')}`)
  const isSwitched = (name) => (values[`no-${name}`] ? false : undefined)
  return {
    folder: positionals[0],
    yes: values.yes,
    help: values.help,
    install: isSwitched('install'),
    git: isSwitched('git'),
    tricube: tricubeFrom(values.tricube),
  }
}

function parse(args) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        yes: { type: 'boolean', short: 'y' },
        help: { type: 'boolean', short: 'h' },
        'no-install': { type: 'boolean' },
        'no-git': { type: 'boolean' },
        tricube: { type: 'string' },
      },
    })
  } catch (error) {
    throw new UsageError(error.message.split('. To specify')[0])
  }
}

/** Both packages are released together: the template is for this version of tricube. */
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

/** A version, or the full path of a tarball: the project is in another folder than the one that the path is relative to. */
function tricubeFrom(value = `^${version}`) {
  return /\.(?:tgz|tar\.gz)$/.test(value) && !/^[a-z]+:/.test(value) ? resolve(value) : value
}
