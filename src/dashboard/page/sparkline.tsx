import type { JSX } from 'preact'

/** A small chart without axes: its words say what it shows. */
export interface SparklineProps {
  readonly values: readonly (number | null)[]
  readonly label: string
  readonly tone: 'rate' | 'error' | 'time'
  /** A second line above the first: the 99th percentile. */
  readonly upper?: readonly (number | null)[]
}

const width = 120
const height = 28

export function Sparkline({ values, upper, label, tone }: SparklineProps): JSX.Element {
  const most = Math.max(1e-9, ...[...values, ...(upper ?? [])].map((value) => value ?? 0))
  return (
    <svg
      class={`spark spark-${tone}`}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
      preserveAspectRatio="none"
    >
      {upper && <path class="spark-upper" d={pathOf(upper, most)} />}
      {tone !== 'time' && <path class="spark-area" d={areaOf(values, most)} />}
      <path class="spark-line" d={pathOf(values, most)} />
    </svg>
  )
}

function x(i: number, count: number): string {
  return ((i / Math.max(1, count - 1)) * width).toFixed(1)
}

function y(value: number, most: number): string {
  return (height - 2 - (value / most) * (height - 4)).toFixed(1)
}

/** A line through the values that there are. */
function pathOf(values: readonly (number | null)[], most: number): string {
  let path = ''
  for (const [i, value] of values.entries()) {
    if (value !== null) path += `${path === '' ? 'M' : 'L'}${x(i, values.length)} ${y(value, most)}h.01`
  }
  return path
}

function areaOf(values: readonly (number | null)[], most: number): string {
  if (!values.some((value) => value !== null && value > 0)) return ''
  const points = values.map((value, i) => `L${x(i, values.length)} ${y(value ?? 0, most)}`).join('')
  return `M0 ${height}${points}L${width} ${height}Z`
}
