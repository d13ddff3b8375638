/** The error of storing a job or an event in a database that belongs to no service. */
export function noOutlet(): TypeError {
  return new TypeError(
    'db.enqueue and db.publish need the database of a service: with jobs, service(contract, { jobs, jobHandlers, … }), or with events in its contract',
  )
}
