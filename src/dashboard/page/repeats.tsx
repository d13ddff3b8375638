import type { JSX } from 'preact'
import type { Repeat } from '../model/repeats.ts'
import { statementOf, type StoredSpan } from '../model/span.ts'
import { duration } from './format.ts'
import { Text } from './text.tsx'

interface HintProps {
  readonly repeat: Repeat
  readonly spans: readonly StoredSpan[]
  readonly onShow: () => void
}

/** A statement that ran again and again under one span, and what to do about it. */
export function RepeatHint({
  repeat: { parentId, text, count: times, totalMs },
  spans,
  onShow,
}: HintProps): JSX.Element {
  const parent = spans.find(({ id }) => id === parentId)
  return (
    <div class="hint" role="note">
      <strong>↻ {times} times</strong> in {duration(totalMs)}:{' '}
      <code>
        <Text value={text.length > 120 ? `${text.slice(0, 120)}…` : text} />
      </code>{' '}
      {parent && (
        <>
          under{' '}
          <button type="button" class="link" onClick={onShow}>
            <Text value={parent.name} />
          </button>
          .{' '}
        </>
      )}
      Use one statement with <code>db.in(ids)</code>, or <code>db.batch</code>.
    </div>
  )
}

/** Returns the IDs of the spans of repeated statements. */
export function repeatedSpans(spans: readonly StoredSpan[], repeats: readonly Repeat[]): ReadonlySet<string> {
  const parents = new Set(repeats.map(({ parentId }) => parentId))
  const texts = new Set(repeats.map(({ text }) => text))
  return new Set(
    spans
      .filter((span) => span.parentId !== undefined && parents.has(span.parentId) && texts.has(statementOf(span) ?? ''))
      .map(({ id }) => id),
  )
}
