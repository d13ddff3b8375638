/** New files, by their paths, and what the user does next. */
export interface Addition {
  readonly files: Readonly<Record<string, string>>
  readonly next: string
}
