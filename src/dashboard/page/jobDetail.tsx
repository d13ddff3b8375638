import type { JSX } from 'preact'
import type { JobRow } from '../model/work.ts'
import { useChange } from './change.ts'
import { ConfirmButton } from './confirmButton.tsx'
import { dateAndClock } from './format.ts'
import { prettyJson } from './json.ts'
import { hrefOf } from './route.ts'
import { Fields } from './spanDetail.tsx'
import { Block, Text } from './text.tsx'
import { CopyButton, ServiceName } from './ui.tsx'

interface JobDetailProps {
  readonly job: JobRow
  readonly closeHref: string
  readonly onChanged: () => void
}

/** Everything about a job, and what can be done with it. */
export function JobDetail({ job, closeHref, onChanged }: JobDetailProps): JSX.Element {
  const { service, id, name, state, attempt, at, input, key, createdAt, traceId, error } = job
  const { isRunning, outcome, run } = useChange(onChanged)
  const path = `api/jobs/${encodeURIComponent(service)}/${id}`
  const due = Date.parse(at)
  return (
    <>
      <div class="detail-head">
        <h2>
          <ServiceName name={service} /> <Text value={name} />
        </h2>
        <a class="close" href={closeHref} aria-label="Close the job">
          ✕
        </a>
      </div>
      <p>
        <span class={`job-${state}`}>{state}</span> <span class="dim">· job {id}</span>
      </p>
      <div class="buttons">
        {state !== 'running' && (
          <button
            type="button"
            class="small"
            disabled={isRunning}
            onClick={() => void run(`${path}/retry`, ({ id }: { readonly id: number }) => `It runs again, as ${id}.`)}
          >
            {state === 'dead' ? 'Retry' : 'Run now'}
          </button>
        )}
        <ConfirmButton
          label={state === 'dead' ? 'Forget' : 'Cancel'}
          question={state === 'dead' ? 'Really forget it?' : 'Really cancel it?'}
          onConfirm={() => void run(`${path}/cancel`, () => 'It is cancelled.')}
        />
      </div>
      {outcome && (
        <p class={outcome.hasFailed ? 'bad' : 'good'} role="status">
          <Text value={outcome.text} />
        </p>
      )}
      {error && (
        <section>
          <h3>Last error</h3>
          <Block value={`${error.name}: ${error.message}`} />
          {error.stack !== undefined && (
            <details>
              <summary>Stack</summary>
              <Block value={error.stack} />
            </details>
          )}
        </section>
      )}
      <section>
        <h3>
          Input <CopyButton text={input} label="Copy" />
        </h3>
        <Block value={prettyJson(input)} />
      </section>
      {traceId !== undefined && (
        <p>
          <a href={hrefOf(`traces/${traceId}`)}>Trace of the request that enqueued it</a>
        </p>
      )}
      <Fields
        fields={{
          attempt: String(attempt),
          [state === 'dead' ? 'died' : 'due']: Number.isNaN(due)
            ? 'never: it holds later jobs of its key'
            : dateAndClock(due),
          enqueued: dateAndClock(Date.parse(createdAt)),
          ...(key !== null && { key }),
        }}
      />
    </>
  )
}
