import { contract, t } from 'tricube'

/** What the instances of these checks promise. */
export const thingService = contract('thing-service', {
  getThing: { route: 'GET /things/:id', params: { id: t.Integer() }, returns: t.Integer() },
  addThing: { route: 'POST /things', body: t.Object({ id: t.Integer() }), returns: t.Integer() },
  wait: { route: 'GET /wait', returns: t.Null() },
})
