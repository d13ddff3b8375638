import { createInterface } from 'node:readline/promises'

/** Asks for a text; Enter takes the default. */
export async function ask(question, fallback) {
  const answer = await read(`${question} (${fallback}): `)
  return answer || fallback
}

/** Asks yes or no; Enter is yes. */
export async function confirm(question) {
  return !/^n/i.test(await read(`${question} (Y/n): `))
}

async function read(prompt) {
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return (await terminal.question(prompt)).trim()
  } finally {
    terminal.close()
  }
}
