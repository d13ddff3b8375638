import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { TraceSummary } from '../model/span.ts'
import type { DevMessage, ServiceRow } from '../model/state.ts'
import { ApiError, post, useJson, useStream } from './api.ts'
import { clock, count, duration, rate, share, span } from './format.ts'
import { hrefOf } from './route.ts'
import { Sparkline } from './sparkline.tsx'
import { Block, Text } from './text.tsx'
import { CopyButton, HttpStatus, ServiceName, StatusBadge } from './ui.tsx'
import type { ViewProps } from './viewProps.ts'

export function Overview({ state, onConnection }: ViewProps): JSX.Element {
  const [services, setServices] = useState(state.services)
  const [messages, setMessages] = useState(state.messages)
  useStream('api/stream?topics=services', {
    onConnection,
    onReconnect() {},
    onBatch(batch) {
      if (batch.services) setServices(batch.services)
      if (batch.messages) setMessages(batch.messages)
    },
  })
  return (
    <div class="page">
      <h1>Overview</h1>
      <section aria-labelledby="services">
        <h2 id="services">{count(services.length, 'service')}</h2>
        <div class="services" role="table" aria-labelledby="services">
          <div role="row" class="services-head">
            {['Service', 'State', 'Requests', 'Errors', 'Median and p99', 'Actions'].map((title) => (
              <span role="columnheader" key={title}>
                {title}
              </span>
            ))}
          </div>
          {services.map((service) => (
            <ServiceLine key={service.name} service={service} />
          ))}
        </div>
      </section>
      <div class="columns">
        <TracesOf title="Latest errors" q="is:error" none="No request has failed." />
        <TracesOf
          title="Repeated statements"
          q="is:repeating"
          none="No request repeats a statement five times or more."
        />
        {!state.alone && <Messages messages={messages} />}
      </div>
      <OtherPrograms otlpPath={state.alone?.otlpUrl ?? state.otlpPath} tracesOff={state.tracesOff} />
    </div>
  )
}

function ServiceLine({ service }: { readonly service: ServiceRow }): JSX.Element {
  const { name, version, status, reason, url, sinceMs, rates, problem, lastLines, isManaged } = service
  return (
    <div role="row" class="service-line">
      <div role="cell" class="service-who">
        <span>
          <a class="service-link" href={hrefOf('traces', { q: `service:${name}` })}>
            <ServiceName name={name} />
          </a>
          {version !== undefined && (
            <span class="dim">
              {' '}
              <Text value={version} />
            </span>
          )}
        </span>
        <span class="dim">
          {url !== undefined && (
            <>
              <a href={url}>{url.replace(/^https?:\/\//, '')}</a> · <a href={`${url}/docs`}>docs</a> ·{' '}
            </>
          )}
          <a href={hrefOf('logs', { service: name })}>logs</a>
          {url !== undefined && isManaged && (
            <>
              {' '}
              · <a href={hrefOf(`try/${encodeURIComponent(name)}`)}>try</a>
            </>
          )}
        </span>
      </div>
      <div role="cell">
        <StatusBadge status={status} />
        {sinceMs !== undefined && <span class="dim since"> for {span(Date.now() - sinceMs)}</span>}
        {reason !== undefined && (
          <div class="reason">
            <Text value={reason} />{' '}
            {status === 'unhealthy' && <a href={hrefOf('logs', { service: name, level: 'warn' })}>See its warnings</a>}
          </div>
        )}
        {problem !== undefined && (
          <div class="reason">
            <Text value={problem} />
          </div>
        )}
      </div>
      <div role="cell" class="metric">
        <Sparkline values={rates.requests} tone="rate" label={`Requests of ${name} in the last three minutes`} />
        <span class="number">{rate(rates.perSecond)}/s</span>
      </div>
      <div role="cell" class="metric">
        <Sparkline values={rates.errors} tone="error" label={`Errors of ${name} in the last three minutes`} />
        <span class="number">
          {rates.errorShare > 0 ? (
            <a class="bad" href={hrefOf('logs', { service: name, q: 'status=5' })}>
              {share(rates.errorShare)}
            </a>
          ) : (
            share(0)
          )}
        </span>
      </div>
      <div role="cell" class="metric">
        <Sparkline
          values={rates.p50}
          upper={rates.p99}
          tone="time"
          label={`Response times of ${name} in the last three minutes`}
        />
        <span class="number">
          {duration(rates.p50Ms)} <span class="dim">{duration(rates.p99Ms)}</span>
        </span>
      </div>
      <div role="cell" class="actions">
        {isManaged && <Actions service={service} />}
      </div>
      {lastLines !== undefined && lastLines.length > 0 && (
        <div role="cell" class="last-lines">
          <Block value={lastLines.join('\n')} />
        </div>
      )}
    </div>
  )
}

function Actions({ service: { name, status } }: { readonly service: ServiceRow }): JSX.Element {
  const [busy, setBusy] = useState<string>()
  const [problem, setProblem] = useState<string>()
  const isStopped = status === 'stopped' || status === 'failed'
  const run = async (action: string): Promise<void> => {
    setBusy(action)
    setProblem(undefined)
    await post(`api/services/${encodeURIComponent(name)}/${action}`).catch((error: unknown) => {
      setProblem(error instanceof ApiError ? error.message : 'tricube does not respond')
    })
    setBusy(undefined)
  }
  const button = (action: string, label: string): JSX.Element => (
    <button
      type="button"
      class="small"
      disabled={busy !== undefined}
      onClick={() => void run(action)}
      aria-label={`${label} ${name}`}
    >
      {busy === action ? '…' : label}
    </button>
  )
  return (
    <>
      {isStopped ? button('start', 'Start') : button('restart', 'Restart')}
      {!isStopped && button('stop', 'Stop')}
      {problem !== undefined && (
        <div class="reason" role="alert">
          {problem}
        </div>
      )}
    </>
  )
}

function TracesOf({
  title,
  q,
  none,
}: {
  readonly title: string
  readonly q: string
  readonly none: string
}): JSX.Element {
  const { value, reload } = useJson<{ traces: TraceSummary[]; version: number }>(
    `api/traces?q=${encodeURIComponent(q)}`,
  )
  useStream(value && `api/stream?topics=traces&q=${encodeURIComponent(q)}&afterChange=${value.version}`, {
    onConnection() {},
    onReconnect: reload,
    onBatch: (batch) => batch.traces && reload(),
  })
  const traces = value?.traces.slice(0, 6) ?? []
  return (
    <section class="card">
      <h2>
        <a href={hrefOf('traces', { q })}>{title}</a>
      </h2>
      {traces.length === 0 ? <p class="dim">{none}</p> : null}
      <ul class="plain">
        {traces.map((trace) => (
          <li key={trace.id}>
            <a href={hrefOf(`traces/${trace.id}`, { q })} class="line-link">
              <span class="dim">{clock(trace.startMs).slice(0, 8)}</span> <ServiceName name={trace.service} />{' '}
              <span class="grow">
                <Text value={trace.name} />
              </span>{' '}
              <HttpStatus status={trace.status} error={trace.error} />{' '}
              <span class="dim">{duration(trace.durationMs)}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Messages({ messages }: { readonly messages: readonly DevMessage[] }): JSX.Element {
  return (
    <section class="card" aria-label="What tricube dev says">
      <h2>tricube dev</h2>
      {messages.length === 0 && <p class="dim">Nothing has happened since the start.</p>}
      <ul class="plain messages">
        {messages
          .slice(-8)
          .reverse()
          .map(({ atMs, level, text }) => (
            <li key={`${atMs} ${text}`} class={level === 'warn' ? 'bad' : ''}>
              <span class="dim">{clock(atMs).slice(0, 8)}</span> <Text value={text} />
            </li>
          ))}
      </ul>
    </section>
  )
}

function OtherPrograms({
  otlpPath,
  tracesOff,
}: {
  readonly otlpPath: string
  readonly tracesOff?: string | undefined
}): JSX.Element {
  const endpoint = `OTEL_EXPORTER_OTLP_ENDPOINT=${new URL(otlpPath, location.href).href}`
  return (
    <section class="card">
      <h2>Traces of other programs</h2>
      {tracesOff !== undefined && <p class="bad">{tracesOff}</p>}
      <p>Any program with OpenTelemetry can send its traces and logs here, over HTTP:</p>
      <p class="copy-line">
        <code>{endpoint}</code> <CopyButton text={endpoint} label="Copy" />
      </p>
    </section>
  )
}
