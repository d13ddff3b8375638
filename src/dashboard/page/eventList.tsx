import type { JSX } from 'preact'
import type { EventRow } from '../model/work.ts'
import { dateAndClock, span } from './format.ts'
import { Grid, GridRow } from './grid.tsx'
import { prettyJson } from './json.ts'
import { usePolled } from './polled.ts'
import { hrefOf, replaceAddress } from './route.ts'
import { Fields } from './spanDetail.tsx'
import { Block, Text } from './text.tsx'
import { CopyButton, Empty, Search, ServiceName } from './ui.tsx'
import type { WorkProps } from './workProps.ts'

const everyMs = 2000

/** The events that services have published, the newest first. */
export function EventList({ query, linkTo }: WorkProps): JSX.Element {
  const { service = '', name = '', key = '', id = '' } = query
  const { value: events } = usePolled<readonly EventRow[]>(
    `api/events?${new URLSearchParams({ service, name, key })}`,
    everyMs,
  )
  const idOf = (event: EventRow): string => `${event.service} ${event.id}`
  const selected = events?.find((event) => idOf(event) === id)
  return (
    <>
      <div class="toolbar" role="search">
        <Search
          label="Name of the event"
          value={name}
          placeholder="Name of the event"
          onChange={(text) => replaceAddress(linkTo({ name: text, id: undefined }))}
        />
        <Search
          label="Key"
          value={key}
          placeholder="Key"
          onChange={(text) => replaceAddress(linkTo({ key: text, id: undefined }))}
        />
      </div>
      {events?.length === 0 && (
        <Empty title={name || key ? 'No event matches' : 'No events yet'}>
          <p>{name || key ? 'Change the name or the key.' : 'What your services publish appears here.'}</p>
        </Empty>
      )}
      {events !== undefined && events.length > 0 && (
        <div class={selected ? 'split' : 'split whole'}>
          <div class="scroll">
            <Grid caption="Events" heads={['Event', 'Service*', 'Published', 'Key*', 'Payload']}>
              {events.map((event) => (
                <GridRow
                  key={idOf(event)}
                  href={linkTo({ id: idOf(event) })}
                  isSelected={event === selected}
                  first={
                    <>
                      <span class="number dim">{event.id}</span> <Text value={event.name} />
                    </>
                  }
                  cells={[
                    ['wide', <ServiceName name={event.service} />],
                    ['number', <Ago time={event.publishedAt} />],
                    ['wide', <Text value={event.key ?? ''} />],
                    [
                      'rest',
                      <code class="dim">
                        <Text value={event.payload} />
                      </code>,
                    ],
                  ]}
                />
              ))}
            </Grid>
          </div>
          {selected && (
            <aside class="detail" aria-label="Event">
              <EventDetail event={selected} closeHref={linkTo({ id: undefined })} />
            </aside>
          )}
        </div>
      )}
    </>
  )
}

function Ago({ time }: { readonly time: string }): JSX.Element {
  const ms = Date.parse(time)
  return <span title={dateAndClock(ms)}>{span(Date.now() - ms)} ago</span>
}

function EventDetail({ event, closeHref }: { readonly event: EventRow; readonly closeHref: string }): JSX.Element {
  const { service, id, name, key, publishedAt, payload, traceId } = event
  return (
    <>
      <div class="detail-head">
        <h2>
          <ServiceName name={service} /> <Text value={name} />
        </h2>
        <a class="close" href={closeHref} aria-label="Close the event">
          ✕
        </a>
      </div>
      <section>
        <h3>
          Payload <CopyButton text={payload} label="Copy" />
        </h3>
        <Block value={prettyJson(payload)} />
      </section>
      {traceId !== undefined && (
        <p>
          <a href={hrefOf(`traces/${traceId}`)}>Trace of the request that published it</a>
        </p>
      )}
      <Fields
        fields={{ event: String(id), published: dateAndClock(Date.parse(publishedAt)), ...(key !== null && { key }) }}
      />
    </>
  )
}
