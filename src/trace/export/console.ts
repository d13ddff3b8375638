import type { Writable } from 'node:stream'
import type { AttributeValue } from '../spanTemplate.ts'
import type { SpanRecord } from '../spanRecord.ts'
import type { SpanExporter } from './exporter.ts'
import { grouped } from './grouped.ts'
import { drawTrace, type TreeSpan } from './tree.ts'

/** Prints the spans of a batch as one tree per trace, for developers. */
export function consoleExporter(
  service: string,
  { output = process.stdout }: { readonly output?: Pick<Writable, 'write'> } = {},
): SpanExporter {
  return {
    async export(spans) {
      for (const [id, ofTrace] of grouped(spans, ({ traceId }) => traceId)) {
        output.write(
          drawTrace(
            id,
            ofTrace.map((span) => treeSpan(span, service)),
          ),
        )
      }
    },
    close: () => Promise.resolve(),
  }
}

function treeSpan(span: SpanRecord, service: string): TreeSpan {
  const { id, parentId, template, details, startedAt, endedAt, errorType } = span
  return {
    id,
    parentId,
    service,
    name: details?.name ?? template.name,
    startMs: startedAt,
    durationMs: endedAt - startedAt,
    errorType,
    note: noteOf((key) => valueOf(span, key)),
    causes: details?.links?.map(({ traceId }) => traceId),
  }
}

/** Returns a note for a span: the rows of a statement or the status of a request. */
export function noteOf(attribute: (key: string) => AttributeValue | undefined): string | undefined {
  const rows = attribute('db.response.returned_rows')
  if (rows !== undefined) return `${String(rows)} ${Number(rows) === 1 ? 'row' : 'rows'}`
  const status = attribute('http.response.status_code')
  return status === undefined ? undefined : String(status)
}

function valueOf({ template, value0, value1, value2 }: SpanRecord, key: string): AttributeValue | undefined {
  const slot = template.slots.indexOf(key)
  return slot < 0 ? undefined : [value0, value1, value2][slot]
}
