import { useState } from 'preact/hooks'
import { ApiError, post } from './api.ts'

/** A change that the page asks for, and what came of it. */
export interface Change {
  readonly isRunning: boolean
  /** Why it failed, or what it did. */
  readonly outcome: { readonly text: string; readonly hasFailed: boolean } | undefined
  readonly run: (path: string, done: (response: never) => string, body?: unknown) => Promise<void>
}

/** Sends changes one at a time; `onDone` follows each that succeeded. */
export function useChange(onDone: () => void): Change {
  const [isRunning, setRunning] = useState(false)
  const [outcome, setOutcome] = useState<Change['outcome']>()
  return {
    isRunning,
    outcome,
    async run(path, done, body) {
      setRunning(true)
      try {
        setOutcome({ text: done(await post<never>(path, body)), hasFailed: false })
        onDone()
      } catch (error) {
        setOutcome({
          text: error instanceof ApiError ? error.message : 'tricube dev does not respond',
          hasFailed: true,
        })
      }
      setRunning(false)
    },
  }
}
