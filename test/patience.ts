import { vi } from 'vitest'

// What happens in another process (a replica, a child, a socket) may take a busy machine longer than the second after
// which vi.waitFor stops.
const { waitFor } = vi
vi.waitFor = (callback, options) =>
  waitFor(callback, typeof options === 'object' ? { timeout: 10_000, ...options } : (options ?? 10_000))
