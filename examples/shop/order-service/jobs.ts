import { jobs } from 'tricube'

export const orderJobs = jobs({
  closeDay: { schedule: '15 0 * * *', timeZone: 'Europe/Berlin', description: 'Adds up what was sold the day before.' },
})
