/** A database that belongs to no service was asked to store a job or an event. */
export function noOutlet(): TypeError {
  return new TypeError(
    'db.enqueue and db.publish need the database of a service: with jobs, service(contract, { jobs, jobHandlers, … }), or with events in its contract',
  )
}
