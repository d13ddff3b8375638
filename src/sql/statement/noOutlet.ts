/** A database that belongs to no service was asked to store a job. */
export function noOutlet(): TypeError {
  return new TypeError(
    'db.enqueue needs the database of a service with jobs: service(contract, { jobs, jobHandlers, … })',
  )
}
