import { afterAll, vi } from 'vitest'

// Test files that share a process leave it as they found it.
const { env } = process
const before = { ...env }
afterAll(() => {
  if (process.env !== env) throw new Error('a test has replaced process.env, which others share: use vi.stubEnv')
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
  Object.assign(process.env, before)
})
