import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { TryOperation } from './operations.ts'
import type { Filled } from './snippets.ts'
import { forgetRequest, recentRequests, savedRequests, saveRequest } from './storedRequests.ts'

interface RequestMenuProps {
  readonly operation: TryOperation
  readonly filled: Filled
  readonly onChoose: (filled: Filled) => void
}

/** Saved and recent requests, and saving this one. */
export function RequestMenu({ operation, filled, onChoose }: RequestMenuProps): JSX.Element {
  const [chosen, setChosen] = useState('')
  const [name, setName] = useState<string>()
  const saved = savedRequests(operation)
  const recent = recentRequests(operation)
  const choose = (value: string): void => {
    const [kind, number] = value.split(' ')
    const found = kind === 'saved' ? saved[Number(number)]?.filled : recent[Number(number)]
    setChosen(kind === 'saved' ? (saved[Number(number)]?.name ?? '') : '')
    if (found) onChoose(found)
  }
  return (
    <>
      {saved.length + recent.length > 0 && (
        <select
          aria-label="Saved and recent requests"
          value=""
          onChange={({ currentTarget }) => choose(currentTarget.value)}
        >
          <option value="">{chosen || 'Saved and recent'}</option>
          {saved.length > 0 && (
            <optgroup label="Saved">
              {saved.map((each, i) => (
                <option key={each.name} value={`saved ${i}`}>
                  {each.name}
                </option>
              ))}
            </optgroup>
          )}
          {recent.length > 0 && (
            <optgroup label="Recent">
              {recent.map((each, i) => (
                <option key={i} value={`recent ${i}`}>
                  {summaryOf(each)}
                </option>
              ))}
            </optgroup>
          )}
        </select>
      )}
      {chosen !== '' && (
        <button
          type="button"
          onClick={() => {
            forgetRequest(operation, chosen)
            setChosen('')
          }}
        >
          Forget it
        </button>
      )}
      {name === undefined ? (
        <button type="button" onClick={() => setName(chosen)}>
          Save…
        </button>
      ) : (
        <input
          type="text"
          class="save-name"
          aria-label="Name of the request"
          placeholder="Name, then Enter"
          maxLength={60}
          ref={focus}
          value={name}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') setName(undefined)
            if (event.key !== 'Enter') return
            event.preventDefault() // it does not send the form
            if (name.trim() !== '') saveRequest(operation, name.trim(), filled)
            setChosen(name.trim())
            setName(undefined)
          }}
        />
      )}
    </>
  )
}

/** An input that appears later takes no `autofocus`. */
function focus(input: HTMLInputElement | null): void {
  input?.focus()
}

function summaryOf({ values, body }: Filled): string {
  const parts = [...Object.values(values), body.replaceAll(/\s+/g, ' ')].filter(Boolean)
  return parts.join(' ').slice(0, 60) || 'without values'
}
