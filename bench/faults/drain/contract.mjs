import { contract, t } from 'tricube'

/** What the instances of these checks promise. */
export const jobService = contract('job-service', {
  addJob: { route: 'POST /jobs', body: t.Object({ id: t.Integer() }), returns: t.Integer() },
  getJob: { route: 'GET /jobs/:id', params: { id: t.Integer() }, returns: t.Integer() },
  hang: { route: 'GET /hang', returns: t.Null() },
})
