/** Whether this Node runs TypeScript: 22.18 and later do. */
export const runsTypeScript: boolean = Boolean((process.features as { typescript?: unknown }).typescript)

/** Whether a file is TypeScript, by its name. */
export function isTypeScript(file: string): boolean {
  return /\.m?ts$/.test(file)
}
