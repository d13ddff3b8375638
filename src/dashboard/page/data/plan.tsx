import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { isFailure, type DatabaseRow, type Outcome, type Plan } from '../../model/data.ts'
import { post, useJson } from '../api.ts'
import { Text } from '../text.tsx'
import { FailureBlock } from './failure.tsx'

/** The plan of a statement. */
export function PlanBlock({ plan: { text, parameters } }: { readonly plan: Plan }): JSX.Element {
  return (
    <div class="failure">
      <pre class="block" tabIndex={0}>
        {text.split('\n').map((line, i) => (
          <PlanLine key={i} line={line} />
        ))}
      </pre>
      {parameters.length > 0 && (
        <p class="dim">
          For any values of <Text value={parameters.map((type, i) => `$${i + 1} ${type}`).join(', ')} />. Traces have no
          values.
        </p>
      )}
    </div>
  )
}

/** A line that is too long goes on further right than it begins: its indent is the structure of the plan. */
function PlanLine({ line }: { readonly line: string }): JSX.Element {
  const indent = `${line.search(/\S|$/) + 4}ch`
  return (
    <span class="plan-line" style={{ paddingLeft: indent, textIndent: `-${indent}` }}>
      <Text value={line} />
      {'\n'}
    </span>
  )
}

interface ExplainProps {
  readonly service: string
  /** The name of the database, as spans have it. */
  readonly namespace: string | undefined
  readonly statement: string
}

/** A button for the plan of a statement; nothing if it has none, like BEGIN, or its service has no database here. */
export function Explain({ service, namespace, statement }: ExplainProps): JSX.Element {
  const { value: databases } = useJson<readonly DatabaseRow[]>('api/databases')
  const [plan, setPlan] = useState<Outcome<Plan> | undefined>(undefined)
  const database = databases && databaseOf(databases, service, namespace)
  if (!database || !planned.test(statement)) return <></>
  const ask = async (): Promise<void> => {
    const path = `api/databases/${encodeURIComponent(database.id)}/explain`
    setPlan(await post<Outcome<Plan>>(path, { text: statement }).catch((error: Error) => ({ failure: error.message })))
  }
  return (
    <>
      <button type="button" class="small" onClick={() => void ask()}>
        Explain
      </button>
      {plan && (isFailure(plan) ? <FailureBlock failure={plan} /> : <PlanBlock plan={plan} />)}
    </>
  )
}

/** The statements of services that PostgreSQL can explain. */
const planned = /^\s*(?:DELETE|INSERT|MERGE|SELECT|TABLE|UPDATE|VALUES|WITH)\b/i

/** The database that a span names, else the first of its service. */
function databaseOf(
  databases: readonly DatabaseRow[],
  service: string,
  namespace: string | undefined,
): DatabaseRow | undefined {
  const own = databases.filter((database) => database.service === service && database.role === 'primary')
  return own.find(({ address }) => address.endsWith(`/${namespace}`)) ?? own[0]
}
