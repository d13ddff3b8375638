import { quoted } from './rename.ts'
import type { Snapshot, TableSnapshot } from './snapshot.ts'

/**
 * Renames, in `from`, the indexes, constraints and identity sequences that `to` has under another name but otherwise equal.
 * They hold no data, so this needs no decision. Dropping and rebuilding them could take hours on a large table. Returns
 * the statements.
 */
export function renameAlike(from: Snapshot, to: Snapshot): string[] {
  return Object.entries(from.tables).flatMap(([key, table]) => {
    const target = to.tables[key]
    if (!target) return []
    return [...kinds.flatMap((kind) => renameKind(kind, table, target)), ...renameSequences(table, target)]
  })
}

const kinds = ['indexes', 'foreignKeys', 'uniqueConstraints', 'compositePrimaryKeys', 'checkConstraints'] as const

function renameKind(kind: (typeof kinds)[number], table: TableSnapshot, target: TableSnapshot): string[] {
  const [have, want]: Record<string, unknown>[] = [table[kind], target[kind]]
  const statements: string[] = []
  for (const [name, definition] of Object.entries(have ?? {})) {
    if (want?.[name]) continue
    const alike = Object.entries(want ?? {}).find(([to, other]) => !have?.[to] && body(other) === body(definition))
    if (!have || !alike) continue
    delete have[name]
    have[alike[0]] = alike[1]
    statements.push(
      kind === 'indexes'
        ? `ALTER INDEX ${quoted({ schema: table.schema, name })} RENAME TO "${alike[0]}";`
        : `ALTER TABLE ${quoted(table)} RENAME CONSTRAINT "${name}" TO "${alike[0]}";`,
    )
  }
  return statements
}

function body(definition: unknown): string {
  return JSON.stringify({ ...(definition as object), name: '' })
}

function renameSequences(table: TableSnapshot, target: TableSnapshot): string[] {
  return Object.values(table.columns).flatMap(({ name, identity }) => {
    const to = target.columns[name]?.identity?.name
    if (!identity || !to || to === identity.name) return []
    const statement = `ALTER SEQUENCE ${quoted({ schema: table.schema, name: identity.name })} RENAME TO "${to}";`
    identity.name = to
    return [statement]
  })
}
