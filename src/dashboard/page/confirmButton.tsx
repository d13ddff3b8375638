import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'

/** Milliseconds in which the second click has to come. */
const confirmMs = 5000

/** A button for what cannot be undone: it asks, and the second click does it. */
export function ConfirmButton({
  label,
  question,
  onConfirm,
}: {
  readonly label: string
  readonly question: string
  readonly onConfirm: () => void
}): JSX.Element {
  const [isAsking, setAsking] = useState(false)
  useEffect(() => {
    if (!isAsking) return undefined
    const timer = setTimeout(() => setAsking(false), confirmMs)
    return () => clearTimeout(timer)
  }, [isAsking])
  return (
    <button
      type="button"
      class={isAsking ? 'small danger' : 'small'}
      onClick={() => {
        if (isAsking) onConfirm()
        setAsking(!isAsking)
      }}
    >
      {isAsking ? question : label}
    </button>
  )
}
