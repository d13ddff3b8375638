import type { JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { ApiError, postText } from './api.ts'

interface Opened {
  readonly spans: number
  readonly traces: readonly string[]
}

/** Opens a file of traces, which appear beside those of the services. */
export function OpenFile({ onOpened }: { readonly onOpened: (traces: readonly string[]) => void }): JSX.Element {
  const input = useRef<HTMLInputElement>(null)
  const [problem, setProblem] = useState<string>()
  const open = async (file: File | undefined): Promise<void> => {
    if (!file) return
    setProblem(undefined)
    try {
      const { traces } = await postText<Opened>('api/traces/open', await file.text())
      onOpened(traces)
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : 'the file cannot be read')
    }
    input.current!.value = ''
  }
  return (
    <>
      {problem !== undefined && (
        <span class="bad" role="alert">
          {problem}
        </span>
      )}
      <button type="button" title="OTLP in JSON, or JSON of Zipkin" onClick={() => input.current!.click()}>
        Open file…
      </button>
      <input
        ref={input}
        type="file"
        accept=".json,.ndjson,.jsonl,application/json"
        aria-label="File of traces"
        hidden
        onChange={({ currentTarget }) => void open(currentTarget.files?.[0])}
      />
    </>
  )
}
