/** A search of rows: `status=paid total>100 note~late id!=7 shipped_at=null anything`. All terms must match. */

/** A term: a column, an operator and a value; without a column, a word that occurs in any column. */
export interface FilterTerm {
  readonly column?: string
  readonly operator: '=' | '!=' | '<' | '<=' | '>' | '>=' | '~'
  readonly value: string
}

/** Reads a search. Quotes join words: `"first name"="Ann Lee"`. */
export function parseRowFilter(text: string): FilterTerm[] {
  return [...text.matchAll(term)].map(([whole, quotedName, name, operator, quotedValue, value]) => {
    const column = quotedName ?? name
    if (column === undefined) return { operator: '~', value: unquoted(whole) }
    return { column, operator: operator as FilterTerm['operator'], value: quotedValue ?? value ?? '' }
  })
}

const term = /(?:"([^"]+)"|([\p{L}_][\p{L}\p{N}_$]*))(!=|<=|>=|=|<|>|~)(?:"([^"]*)"?|([^\s"]*))|"[^"]*"?|[^\s"]+/gu

function unquoted(text: string): string {
  return text.replace(/^"([^"]*)"?$/, '$1')
}
