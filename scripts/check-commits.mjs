// Subjects of commits: imperative, at most 72 characters, no full stop, a blank line before the body.
//
//   node scripts/check-commits.mjs           commits since the rule began
//   node scripts/check-commits.mjs <range>   such as main..HEAD
import { execFileSync } from 'node:child_process'

const ruleBegan = '60aa299'
const longest = 72
/** First words that describe a change in place of asking for it. */
const notImperative = /^(?:\w+(?:ed|ing)|adds|fixes|makes|changes|updates|removes)\b/i
const isImperativeAnyway = /^(?:embed|feed|need|seed|shed|speed|bring|ping|ring|string|thing)\b/i

const git = (...args) => execFileSync('git', args, { encoding: 'utf8' })
const range = process.argv[2] ?? (isKnown(ruleBegan) ? `${ruleBegan}..HEAD` : '-1')
const commits = git('log', '--no-merges', '--format=%h%x00%B%x01', range)
  .split('\x01')
  .map((text) => text.trim().split('\0'))
  .filter(([hash]) => hash !== '')

const faults = commits.flatMap(([hash, message]) => faultsOf(message).map((fault) => `${hash}: ${fault}`))
for (const fault of faults) console.error(fault)
console.log(`${commits.length} commits, ${faults.length} faults`)
if (faults.length > 0) process.exitCode = 1

function faultsOf(message) {
  const [subject, second] = message.split('\n')
  const checks = [
    [subject.length > longest, `has ${subject.length} characters, at most ${longest}`],
    [subject.endsWith('.'), 'ends with a full stop'],
    [!/^[A-Z`]/.test(subject), 'begins with a small letter'],
    [notImperative.test(subject) && !isImperativeAnyway.test(subject), 'is not imperative'],
    [Boolean(second), 'is not followed by an empty line'],
  ]
  return checks.filter(([isWrong]) => isWrong).map(([, what]) => `the subject ${what}: ${subject}`)
}

/** False in a shallow clone. */
function isKnown(commit) {
  try {
    git('merge-base', '--is-ancestor', commit, 'HEAD')
    return true
  } catch {
    return false
  }
}
