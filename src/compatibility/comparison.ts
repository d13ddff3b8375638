import type { Direction, Kind } from './difference.ts'

/** The comparison of two schemas: the rest of the code reports differences to it. */
export interface Comparison {
  readonly direction: Direction
  /** Whether the values come as text, in a path, a query or a header. */
  readonly isText: boolean
  readonly report: (path: string, kind: Kind, text: string) => void
  /** Compares two schemas inside the compared ones. */
  readonly compare: (before: unknown, after: unknown, path: string) => void
}
