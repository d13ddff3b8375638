// What `tricube start` runs in these checks; DRAIN_TIMEOUT_MS shortens the time for what hangs.
import { service } from 'tricube'
import { jobService } from './contract.mjs'

const { DRAIN_TIMEOUT_MS: timeoutMs } = process.env

export default service(jobService, {
  admission: false, // rejections on a busy machine do not matter here
  ...(timeoutMs && { drain: { timeoutMs: Number(timeoutMs) } }),
  handlers: {
    async addJob({ body }) {
      await new Promise((resolve) => setTimeout(resolve, 2 + Math.random() * 20))
      return body.id
    },
    async getJob({ params }) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 3))
      return params.id
    },
    hang: () => new Promise(() => {}),
  },
})
