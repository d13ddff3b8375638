/** Returns the lines that differ between two texts, with `-` or `+` in front, and two lines around them. */
export function lineDiff(before: string, after: string): string {
  const [left, right] = [before.split('\n'), after.split('\n')]
  const lines = changesOf(left, right)
  const shown = lines.map((_, i) =>
    lines.slice(Math.max(0, i - around), i + around + 1).some(({ mark }) => mark !== ' '),
  )
  return lines
    .map(({ mark, text }, i) => (shown[i] ? `${mark} ${text}\n` : i > 0 && shown[i - 1] ? '…\n' : ''))
    .join('')
}

interface Line {
  readonly mark: ' ' | '-' | '+'
  readonly text: string
}

/** The longest common subsequence by dynamic programming: these files have some hundred lines. */
function changesOf(left: readonly string[], right: readonly string[]): readonly Line[] {
  const common = left.map(() => new Uint16Array(right.length + 1))
  common.push(new Uint16Array(right.length + 1))
  for (let i = left.length - 1; i >= 0; i -= 1) {
    for (let j = right.length - 1; j >= 0; j -= 1) {
      common[i]![j] =
        left[i] === right[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!)
    }
  }
  const lines: Line[] = []
  let [i, j] = [0, 0]
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i] === right[j]) {
      lines.push({ mark: ' ', text: left[i]! })
      i += 1
      j += 1
    } else if (j >= right.length || (i < left.length && common[i + 1]![j]! >= common[i]![j + 1]!)) {
      lines.push({ mark: '-', text: left[i]! })
      i += 1
    } else {
      lines.push({ mark: '+', text: right[j]! })
      j += 1
    }
  }
  return lines
}

const around = 2
