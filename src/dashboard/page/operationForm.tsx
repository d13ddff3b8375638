import type { ComponentChildren, JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { SentResponse } from '../model/sentRequest.ts'
import type { ServiceRow } from '../model/state.ts'
import { ApiError, post } from './api.ts'
import { encodeBody, OtherBodyForm, type BodyFields } from './fileBody.tsx'
import { startValue, type OpenApi, type TryOperation } from './operations.ts'
import { BodyForm, ParameterField } from './requestForm.tsx'
import { RequestMenu } from './requestMenu.tsx'
import { headersOf, pathOf, snippetsOf, type Filled } from './snippets.ts'
import { rememberRequest } from './storedRequests.ts'
import { Block, Text } from './text.tsx'
import { TryResponse } from './tryResponse.tsx'
import { CopyButton, ServiceName } from './ui.tsx'

interface FormProps {
  readonly operation: TryOperation
  readonly document: OpenApi
  /** The service that it is sent to. */
  readonly home: ServiceRow
  readonly query: URLSearchParams
}

/** The request of an operation, made from its schema, and the response to it. */
export function OperationForm({ operation, document, home, query }: FormProps): JSX.Element {
  const { service, name, method, path, summary, parameters, body: schema, otherBody } = operation
  const [filled, setFilled] = useState<Filled>(() => startOf(operation, document, query))
  const [fields, setFields] = useState<BodyFields>({})
  const [headerText, setHeaderText] = useState('')
  const [user, setUser] = useState('')
  const [scopes, setScopes] = useState(operation.userScopes?.join(' ') ?? '')
  const as = user === '' ? undefined : { user, scopes: scopes.split(/[\s,]+/).filter(Boolean) }
  const [response, setResponse] = useState<SentResponse>()
  const [problem, setProblem] = useState<string>()
  const [isSending, setSending] = useState(false)
  const complete = { ...filled, headers: headersIn(headerText) }
  const send = async (): Promise<void> => {
    if (otherBody && Object.keys(fields).length === 0) return setProblem('The body is empty: fill it in first.')
    setSending(true)
    setProblem(undefined)
    try {
      const body = schema && filled.body.trim() ? filled.body : undefined
      const other = otherBody && (await encodeBody(otherBody, fields))
      const headers = { ...(other && { 'content-type': other.type }), ...headersOf(operation, complete) }
      const sent = {
        service,
        method,
        path: pathOf(operation, complete),
        headers,
        ...(body !== undefined && { body }),
        ...(other && { base64: other.base64 }),
        ...(as && { as }),
      }
      setResponse(await post<SentResponse>('api/send', sent))
      rememberRequest(operation, filled)
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : 'tricube does not respond')
    }
    setSending(false)
  }
  const setValue = (key: string, value: string): void =>
    setFilled((now) => ({ ...now, values: { ...now.values, [key]: value } }))
  return (
    <div class="try-main">
      <form
        class="try-form"
        aria-label={`Request of ${name}`}
        onSubmit={(event) => {
          event.preventDefault()
          void send()
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void send()
        }}
      >
        <h1>
          <Text value={name} />
        </h1>
        <p class="dim">
          <span class="method">{method}</span>{' '}
          <code>
            <Text value={path} />
          </code>{' '}
          of <ServiceName name={service} />
        </p>
        {summary !== undefined && (
          <p>
            <Text value={summary} />
          </p>
        )}
        {parameters.map((parameter) => (
          <ParameterField
            key={`${parameter.in} ${parameter.name}`}
            parameter={parameter}
            document={document}
            value={filled.values[`${parameter.in} ${parameter.name}`] ?? ''}
            onChange={(value) => setValue(`${parameter.in} ${parameter.name}`, value)}
          />
        ))}
        {schema && (
          <BodyForm
            schema={schema}
            document={document}
            text={filled.body}
            onChange={(body) => setFilled((now) => ({ ...now, body }))}
          />
        )}
        {otherBody && <OtherBodyForm body={otherBody} document={document} fields={fields} onChange={setFields} />}
        {operation.userScopes && (
          <fieldset>
            <legend>User</legend>
            <TextField value={user} onChange={setUser}>
              Send as <span class="dim">any user of the issuer of tricube dev; empty: nobody</span>
            </TextField>
            <TextField value={scopes} onChange={setScopes}>
              Scopes
            </TextField>
          </fieldset>
        )}
        <label class="field">
          <span>
            More headers <span class="dim">one a line: authorization: Bearer …</span>
          </span>
          <textarea
            rows={2}
            spellcheck={false}
            value={headerText}
            onInput={({ currentTarget }) => setHeaderText(currentTarget.value)}
          />
        </label>
        <div class="try-send">
          <button type="submit" class="primary" disabled={isSending} aria-keyshortcuts="Control+Enter">
            {isSending ? 'Sending…' : 'Send'}
          </button>
          <RequestMenu operation={operation} filled={filled} onChoose={setFilled} />
        </div>
        {problem !== undefined && (
          <p class="bad" role="alert">
            <Text value={problem} />
          </p>
        )}
        <Snippets snippets={snippetsOf(operation, complete, home, as)} />
      </form>
      <section class="try-result" aria-label="Response">
        {response ? (
          <>
            {response.status === 401 && operation.userScopes && !as && (
              <p class="hint">This operation asks for a user. Name one under Send as, such as ann.</p>
            )}
            <TryResponse response={response} />
          </>
        ) : (
          <p class="dim">The response appears here, beside its trace.</p>
        )}
      </section>
    </div>
  )
}

interface TextFieldProps {
  readonly value: string
  readonly onChange: (value: string) => void
  /** Its label. */
  readonly children: ComponentChildren
}

function TextField({ value, onChange, children }: TextFieldProps): JSX.Element {
  return (
    <label class="field">
      <span>{children}</span>
      <input
        type="text"
        spellcheck={false}
        value={value}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </label>
  )
}

function Snippets({ snippets }: { readonly snippets: Readonly<Record<string, string>> }): JSX.Element {
  return (
    <details>
      <summary>As code</summary>
      {Object.entries(snippets).map(([name, text]) => (
        <div key={name}>
          <h3>
            {name} <CopyButton text={text} label={`Copy ${name}`} />
          </h3>
          <Block value={text} />
        </div>
      ))}
    </details>
  )
}

function startOf(operation: TryOperation, document: OpenApi, query: URLSearchParams): Filled {
  const values = Object.fromEntries(
    operation.parameters.map(({ name, in: where, example }) => [
      `${where} ${name}`,
      query.get(name) ?? (typeof example === 'string' ? example : (JSON.stringify(example) ?? '')),
    ]),
  )
  const body = operation.body ? JSON.stringify(startValue(operation.body, document), undefined, 2) : ''
  return { values, headers: {}, body }
}

function headersIn(text: string): Record<string, string> {
  const lines = text.split('\n').map((line) => /^\s*([\w-]+)\s*:\s*(.*?)\s*$/.exec(line))
  return Object.fromEntries(lines.flatMap((line) => (line ? [[line[1]!.toLowerCase(), line[2]!]] : [])))
}
