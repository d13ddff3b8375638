/** Small pieces that all views use. */
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { ServiceStatus } from '../model/state.ts'
import { Text } from './text.tsx'

/** A service's name with its colour, the same in all views. */
export function ServiceName({ name }: { readonly name: string }): JSX.Element {
  return (
    <span class={`service ${serviceClass(name)}`}>
      <Text value={name} />
    </span>
  )
}

/** There are eight colours: the first eight services do not share one. */
export function serviceClass(name: string): string {
  let number = colors.get(name)
  if (number === undefined) colors.set(name, (number = colors.size))
  return `svc-${number % 8}`
}

const colors = new Map<string, number>()

const statusSigns: Readonly<Record<ServiceStatus, string>> = {
  starting: '◌',
  ready: '●',
  unhealthy: '▲',
  stopped: '■',
  failed: '✕',
  remote: '○',
}

/** A state as a sign, a colour and a word. */
export function StatusBadge({ status }: { readonly status: ServiceStatus }): JSX.Element {
  return (
    <span class={`status status-${status}`}>
      <span aria-hidden="true">{statusSigns[status]}</span> {status === 'remote' ? 'sends traces' : status}
    </span>
  )
}

/** The status of an HTTP response. */
export function HttpStatus({
  status,
  error,
}: {
  readonly status?: number | undefined
  readonly error?: string | undefined
}): JSX.Element {
  if (status === undefined) return error === undefined ? <></> : <span class="http http-error">error</span>
  const kind = status >= 500 ? 'error' : status >= 400 ? 'warn' : 'ok'
  return <span class={`http http-${kind}`}>{status}</span>
}

/** Copies a text. */
export function CopyButton({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
  const [isCopied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), 1500)
  }
  return (
    <button type="button" class="small" onClick={() => void copy()}>
      {isCopied ? 'Copied' : label}
    </button>
  )
}

/** What a view shows when it has nothing. */
export function Empty({
  title,
  children,
}: {
  readonly title: string
  readonly children?: ComponentChildren
}): JSX.Element {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  )
}

export interface TableHeadProps {
  /** What the table shows; only a screen reader reads it. */
  readonly caption: string
  /** The heads of its columns; those that end with `*` are hidden where the page is narrow. */
  readonly heads: readonly string[]
}

export function TableHead({ caption, heads }: TableHeadProps): JSX.Element {
  return (
    <>
      <caption class="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          {heads.map((head, i) => (
            <th key={i} scope="col" class={head.endsWith('*') ? 'wide' : ''}>
              {head.replace('*', '')}
            </th>
          ))}
        </tr>
      </thead>
    </>
  )
}

/** Why a request may have no trace. */
export function Sampling(): JSX.Element {
  return (
    <p>
      Of each service, 20 traces a second are recorded. To record all, start{' '}
      <code>OTEL_TRACES_SAMPLER=always_on npx tricube dev</code>
    </p>
  )
}

/** A field with its label, which only a screen reader reads. */
export function Select({
  label,
  value,
  options,
  onChange,
}: {
  readonly label: string
  readonly value: string
  readonly options: readonly (readonly [value: string, label: string])[]
  readonly onChange: (value: string) => void
}): JSX.Element {
  return (
    <select aria-label={label} value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
      {options.map(([key, text]) => (
        <option key={key} value={key}>
          {text}
        </option>
      ))}
    </select>
  )
}

/** A search field that `/` focuses. It reports what was typed when the typing pauses. */
export function Search({
  label,
  value,
  placeholder,
  onChange,
}: {
  readonly label: string
  readonly value: string
  readonly placeholder: string
  readonly onChange: (value: string) => void
}): JSX.Element {
  const [text, setText] = useState(value)
  const reported = useRef(value)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useEffect(() => {
    // A value that comes from elsewhere: a link, or another field. What is typed meanwhile stays.
    if (value !== reported.current) setText(value)
    reported.current = value
  }, [value])
  return (
    <input
      type="search"
      class="search"
      aria-label={label}
      aria-keyshortcuts="/"
      placeholder={placeholder}
      value={text}
      spellcheck={false}
      onInput={({ currentTarget }) => {
        const typed = currentTarget.value
        setText(typed)
        clearTimeout(timer.current)
        timer.current = setTimeout(() => {
          reported.current = typed
          onChange(typed)
        }, 150)
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') event.currentTarget.blur()
      }}
    />
  )
}
