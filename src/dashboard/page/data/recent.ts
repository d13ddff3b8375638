/** The statements that a person has run, in their browser. */
const most = 10
const longest = 10_000

export function recentStatements(database: string): string[] {
  try {
    const stored = JSON.parse(localStorage.getItem(keyOf(database)) ?? '[]') as unknown
    return Array.isArray(stored) ? stored.filter((each) => typeof each === 'string') : []
  } catch {
    return []
  }
}

export function remember(database: string, text: string): void {
  if (text.length > longest) return
  const others = recentStatements(database).filter((each) => each !== text)
  try {
    localStorage.setItem(keyOf(database), JSON.stringify([text, ...others].slice(0, most)))
  } catch {
    // the browser's storage is full: it goes on without
  }
}

function keyOf(database: string): string {
  return `tricube-sql ${database}`
}
