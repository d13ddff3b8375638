import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { isFailure, type DatabaseRow, type Outcome, type Plan, type SqlResult } from '../../model/data.ts'
import { post } from '../api.ts'
import { count, duration } from '../format.ts'
import { Block } from '../text.tsx'
import { Select } from '../ui.tsx'
import { FailureBlock } from './failure.tsx'
import { PlanBlock } from './plan.tsx'
import { recentStatements, remember } from './recent.ts'
import { ResultTable } from './resultTable.tsx'

interface SqlEditorProps {
  readonly database: DatabaseRow
  readonly query: URLSearchParams
}

type Shown =
  | { readonly kind: 'result'; readonly of: Outcome<SqlResult> }
  | { readonly kind: 'plan'; readonly of: Outcome<Plan> }

/** Runs one statement at a time. It only reads until the switch is thrown. */
export function SqlEditor({ database: { id, role }, query }: SqlEditorProps): JSX.Element {
  const [text, setText] = useState(query.get('text') ?? recentStatements(id)[0] ?? '')
  const [canWrite, setCanWrite] = useState(false)
  const [isRunning, setRunning] = useState(false)
  const [shown, setShown] = useState<Shown | undefined>(undefined)
  const recent = recentStatements(id)
  const ask = async (kind: 'sql' | 'explain'): Promise<void> => {
    if (text.trim() === '' || isRunning) return
    setRunning(true)
    remember(id, text)
    const body = { text, ...(kind === 'sql' && { access: canWrite ? 'write' : 'read' }) }
    const path = `api/databases/${encodeURIComponent(id)}/${kind}`
    const outcome = post<Outcome<SqlResult & Plan>>(path, body).catch((error: Error) => ({ failure: error.message }))
    setShown(kind === 'sql' ? { kind: 'result', of: await outcome } : { kind: 'plan', of: await outcome })
    setRunning(false)
  }
  return (
    <div class="full">
      <h1 class="visually-hidden">SQL</h1>
      <form
        class="sql"
        onSubmit={(event) => {
          event.preventDefault()
          void ask('sql')
        }}
      >
        <textarea
          aria-label="SQL"
          class="search"
          rows={6}
          spellcheck={false}
          placeholder="SELECT …"
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
            event.preventDefault()
            void ask('sql')
          }}
        />
        <div class="try-send">
          <button type="submit" class="primary" disabled={isRunning} aria-keyshortcuts="Control+Enter">
            Run
          </button>
          <button type="button" disabled={isRunning} onClick={() => void ask('explain')}>
            Explain
          </button>
          {role === 'primary' && (
            <label class="check">
              <input type="checkbox" role="switch" checked={canWrite} onChange={() => setCanWrite(!canWrite)} />
              Allow changes
            </label>
          )}
          {recent.length > 0 && (
            <Select
              label="Recent statements"
              value=""
              options={[
                ['', 'Recent'],
                ...recent.map((each) => [each, each.replaceAll(/\s+/g, ' ').slice(0, 80)] as const),
              ]}
              onChange={(chosen) => chosen && setText(chosen)}
            />
          )}
          <span class="dim" role="status">
            {isRunning ? 'Running…' : statusOf(shown)}
          </span>
        </div>
        {canWrite && <p class="hint">Statements are committed: they change the database.</p>}
      </form>
      {shown && isFailure(shown.of) && <FailureBlock failure={shown.of} />}
      {shown?.kind === 'plan' && !isFailure(shown.of) && <PlanBlock plan={shown.of} />}
      {shown?.kind === 'result' && !isFailure(shown.of) && <Result result={shown.of} />}
    </div>
  )
}

function statusOf(shown: Shown | undefined): string {
  if (shown?.kind !== 'result' || isFailure(shown.of)) return ''
  const { columns, rows, isCut, command, durationMs } = shown.of
  const what = columns.length === 0 ? command : `${isCut ? 'the first ' : ''}${count(rows.length, 'row')}`
  return `${what} in ${duration(durationMs)}`
}

function Result({ result }: { readonly result: SqlResult }): JSX.Element {
  const { columns, rows, notices } = result
  return (
    <>
      {notices.length > 0 && (
        <div class="failure">
          <Block value={notices.join('\n')} />
        </div>
      )}
      {columns.length > 0 && <ResultTable label="Result" columns={columns.map((name) => ({ name }))} rows={rows} />}
    </>
  )
}
