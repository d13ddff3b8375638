import { spanTemplate, type SpanTemplate } from './spanTemplate.ts'
import type { SpanRecord } from './spanRecord.ts'
import { collectionOf } from '../sqlText/collection.ts'
import { withoutLiterals } from '../sqlText/literals.ts'

/** The properties of a statement's text; the same object for the same text. */
export interface TracedStatement {
  readonly text: string
  readonly verb: string
}

/** A request with a span, to which its statements are attributed. */
interface Requester {
  readonly span?: SpanRecord
  readonly signal?: AbortSignal | undefined
}

/** A transaction with a span of its own, whose statements belong to `request`. */
export interface TracedTransaction {
  readonly request: { readonly signal?: AbortSignal | undefined }
  end(error?: unknown): void
}

/** Observes a database and creates spans. */
export interface StatementSpans {
  statement(
    statement: TracedStatement,
    startedAt: number,
    rowCount: number,
    error: unknown,
    request: object | undefined,
  ): void
  transaction(request: object | undefined): TracedTransaction | undefined
}

/** Creates spans for the statements and transactions of a database, under those of their requests. */
export function statementSpans(database: string | undefined): StatementSpans {
  const templates = new WeakMap<TracedStatement, SpanTemplate>()
  const common = { 'db.system.name': 'postgresql', ...(database !== undefined && { 'db.namespace': database }) }
  const transactionTemplate = spanTemplate('transaction', { kind: 'client', attributes: common, peer: 'postgresql' })

  const templateOf = (statement: TracedStatement): SpanTemplate => {
    let template = templates.get(statement)
    if (!template) templates.set(statement, (template = statementTemplate(statement, common)))
    return template
  }
  return {
    statement(statement, startedAt, rowCount, error, request) {
      const requester: Requester | undefined = request
      const parent = requester?.span
      if (parent === undefined || !parent.trace.isRecorded) return
      const span = parent.child(templateOf(statement), startedAt)
      if (error === undefined) span.value0 = rowCount
      else fail(span, error)
      span.end()
    },
    transaction(request) {
      const { span: parent } = (request ?? {}) as Requester
      if (parent === undefined || !parent.trace.isRecorded) return undefined
      const span = parent.child(transactionTemplate)
      return {
        request: new InTransaction(request as Requester, span),
        end(error) {
          if (error !== undefined) fail(span, error)
          span.end()
        },
      }
    },
  }
}

/** A request as its statements see it in a transaction. Its signal is still created on demand. */
class InTransaction {
  readonly span: SpanRecord
  readonly #request: Requester

  constructor(request: Requester, span: SpanRecord) {
    this.#request = request
    this.span = span
  }

  get signal(): AbortSignal | undefined {
    return this.#request.signal
  }
}

/** https://opentelemetry.io/docs/specs/semconv/database/postgresql/ */
function statementTemplate({ text, verb }: TracedStatement, common: Readonly<Record<string, string>>): SpanTemplate {
  const collection = collectionOf(text)
  const summary = collection === undefined ? verb : `${verb} ${collection}`
  return spanTemplate(summary, {
    kind: 'client',
    attributes: {
      ...common,
      'db.operation.name': verb,
      ...(collection !== undefined && { 'db.collection.name': collection }),
      'db.query.summary': summary,
      'db.query.text': withoutLiterals(text),
    },
    slots: ['db.response.returned_rows', 'db.response.status_code'],
    peer: 'postgresql',
  })
}

function fail(span: SpanRecord, error: unknown): void {
  const { sqlstate } = error as { sqlstate?: unknown }
  if (typeof sqlstate === 'string') span.value1 = sqlstate
  span.fail(error)
}
