import { vi } from 'vitest'

// What happens in another process (a replica, a child, a socket) may take a busy machine longer than the second after
// which vi.waitFor stops. Files that share a process set this up once each, over the same `vi`.
const { waitFor } = vi
if (waitFor.name !== 'waitPatiently') {
  vi.waitFor = function waitPatiently(callback, options) {
    return waitFor(callback, typeof options === 'object' ? { timeout: 10_000, ...options } : (options ?? 10_000))
  }
}
