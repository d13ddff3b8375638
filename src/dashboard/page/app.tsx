import type { JSX } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { DashboardState } from '../model/state.ts'
import { useJson, type Connection } from './api.ts'
import { CompareView } from './compareView.tsx'
import { Contracts } from './contracts.tsx'
import { DataView } from './data/dataView.tsx'
import { LogList } from './logList.tsx'
import { MapView } from './mapView.tsx'
import { Overview } from './overview.tsx'
import { hrefOf, useAddress } from './route.ts'
import { Text } from './text.tsx'
import { chooseTheme, chosenTheme, type Theme } from './theme.ts'
import { TraceList } from './traceList.tsx'
import { TraceView } from './traceView.tsx'
import { TryIt } from './tryIt.tsx'
import { Empty, Select, serviceClass } from './ui.tsx'
import type { ViewProps } from './viewProps.ts'
import { WorkView } from './workView.tsx'

const views = [
  { path: 'overview', title: 'Overview', key: 'o' },
  { path: 'traces', title: 'Traces', key: 't' },
  { path: 'logs', title: 'Logs', key: 'l' },
  { path: 'try', title: 'Try it', key: 'r' },
  { path: 'map', title: 'Map', key: 'm' },
  { path: 'data', title: 'Data', key: 'd' },
  { path: 'jobs', title: 'Jobs', key: 'j' },
  { path: 'contracts', title: 'Contracts', key: 'c' },
] as const
/** What can be shown without `tricube dev`: there are no services to call, and no databases. */
const aloneViews: ReadonlySet<string> = new Set(['overview', 'traces', 'logs', 'map'])

export function App(): JSX.Element {
  const { value: state, error, reload } = useJson<DashboardState>('api/state')
  const [connection, setConnection] = useState<Connection>('open')
  const address = useAddress()
  const view = address.path[0] ?? 'overview'
  useMemo(() => state?.services.map(({ name }) => serviceClass(name)), [state]) // in their order, so that colours stay
  useKeys()
  useEffect(() => {
    if (state) reload() // services may have been started or stopped since
  }, [view])
  useEffect(() => {
    document.title = `${views.find(({ path }) => path === view)?.title ?? 'tricube'} · ${state?.project ?? 'tricube'}`
  }, [view, state?.project])
  useEffect(() => {
    if (!error || error.status === 401) return undefined
    const timer = setTimeout(reload, 2000)
    return () => clearTimeout(timer)
  }, [error])

  if (error?.status === 401) return <SignIn />
  if (!state)
    return error ? (
      <Empty title="tricube does not respond">
        <p>This page tries again every two seconds.</p>
      </Empty>
    ) : (
      <></>
    )
  return (
    <div class="app">
      <a class="skip" href="#main" onClick={focusMain}>
        Skip to the content
      </a>
      <header>
        <a class="brand" href={hrefOf('overview')}>
          <img src="assets/icon.svg" alt="tricube" width="20" height="20" /> <Text value={state.project} />
        </a>
        <nav aria-label="Views">
          {views
            .filter(({ path }) => !state.alone || aloneViews.has(path))
            .map(({ path, title, key }) => (
              <a
                key={path}
                href={hrefOf(path)}
                aria-current={path === (view === 'compare' ? 'traces' : view) ? 'page' : undefined}
                aria-keyshortcuts={`g ${key}`}
              >
                {title}
              </a>
            ))}
        </nav>
        <span class={`connection connection-${connection}`} role="status">
          {connection === 'lost' ? 'Connecting again…' : ''}
        </span>
        <ThemeSelect />
      </header>
      <main id="main" tabIndex={-1}>
        <View state={state} address={address} onConnection={setConnection} />
      </main>
    </div>
  )
}

function View(props: ViewProps): JSX.Element {
  const [view = 'overview', id, other] = props.address.path
  if (view === 'overview') return <Overview {...props} />
  if (view === 'traces') return id === undefined ? <TraceList {...props} /> : <TraceView key={id} id={id} {...props} />
  if (view === 'compare' && id !== undefined && other !== undefined) {
    return <CompareView key={`${id} ${other}`} first={id} second={other} />
  }
  if (view === 'logs') return <LogList {...props} />
  if (view === 'try') return <TryIt {...props} />
  if (view === 'map') return <MapView {...props} />
  if (view === 'data') return <DataView {...props} />
  if (view === 'jobs') return <WorkView {...props} />
  if (view === 'contracts') return <Contracts {...props} />
  return (
    <Empty title="There is no such view">
      <a href={hrefOf('overview')}>Go to the overview</a>
    </Empty>
  )
}

function SignIn(): JSX.Element {
  return (
    <main class="sign-in">
      <Empty title="Open the URL that tricube has printed">
        <p>
          It has a token that only you know: <code>Dashboard: http://127.0.0.1:8000/?token=…</code>
        </p>
      </Empty>
    </main>
  )
}

function ThemeSelect(): JSX.Element {
  const [theme, setTheme] = useState<Theme>(chosenTheme)
  return (
    <Select
      label="Theme"
      value={theme}
      options={[
        ['system', 'System theme'],
        ['light', 'Light'],
        ['dark', 'Dark'],
      ]}
      onChange={(value) => {
        chooseTheme(value as Theme)
        setTheme(value as Theme)
      }}
    />
  )
}

function focusMain(event: Event): void {
  event.preventDefault()
  document.querySelector<HTMLElement>('#main')!.focus()
}

/** `g` and a letter goes to a view; `/` goes to the search. */
function useKeys(): void {
  useEffect(() => {
    let afterG = false
    const onKey = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement
      if (event.ctrlKey || event.metaKey || event.altKey || target.matches('input, select, textarea')) return
      const view = afterG ? views.find(({ key }) => key === event.key) : undefined
      afterG = event.key === 'g'
      if (view) location.hash = hrefOf(view.path)
      if (event.key !== '/') return
      event.preventDefault()
      document.querySelector<HTMLElement>('.search')?.focus()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
}
