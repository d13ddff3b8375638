import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { StoredSpan } from '../model/span.ts'
import { getJson } from './api.ts'
import type { OpenApi } from './operations.ts'
import { Block } from './text.tsx'
import { calleesOf, testOf } from './testOf.ts'
import { CopyButton } from './ui.tsx'

/** The request to test: the selected one, or the first that a service has served. */
export function testedSpan(spans: readonly StoredSpan[], selected: StoredSpan | undefined): StoredSpan | undefined {
  if (selected?.kind === 'server') return selected
  return spans.filter(({ kind }) => kind === 'server').toSorted((a, b) => a.startMs - b.startMs)[0]
}

interface TraceTestProps {
  readonly spans: readonly StoredSpan[]
  readonly of: StoredSpan
  readonly onClose: () => void
}

/** A request of a trace as a test of its service. */
export function TraceTest({ spans, of, onClose }: TraceTestProps): JSX.Element {
  const services = [of.service, ...calleesOf(of, spans).map(({ service }) => service)]
  const documents = useDocuments(services)
  const text = documents && testOf(of, spans, documents)
  return (
    <>
      <div class="detail-head">
        <h2>A test of it</h2>
        <button type="button" class="small" onClick={onClose} aria-label="Close the test">
          ✕
        </button>
      </div>
      <p class="dim">
        Other services are mocked as they responded here. A trace has no bodies: fill in what matters, and keep it
        beside the service.
      </p>
      {text !== undefined && (
        <>
          <p>
            <CopyButton text={text} label="Copy the test" />
          </p>
          <Block value={text} />
        </>
      )}
    </>
  )
}

/** The OpenAPI documents of services, as far as they run. */
function useDocuments(services: readonly string[]): ReadonlyMap<string, OpenApi> | undefined {
  const [documents, setDocuments] = useState<ReadonlyMap<string, OpenApi>>()
  const names = [...new Set(services)].join('\n')
  useEffect(() => {
    let isCurrent = true
    const load = async (name: string): Promise<[string, OpenApi][]> => {
      const path = `api/services/${encodeURIComponent(name)}/openapi`
      return getJson<OpenApi>(path).then(
        (document) => [[name, document]],
        () => [],
      )
    }
    void Promise.all(names.split('\n').map(load)).then((loaded) => {
      if (isCurrent) setDocuments(new Map(loaded.flat()))
    })
    return () => {
      isCurrent = false
    }
  }, [names])
  return documents
}
