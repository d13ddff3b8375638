import { jobs } from 'tricube'
import { Mail } from './contract.ts'

export const mailJobs = jobs({
  sendMail: { input: Mail, retries: 10, timeoutMs: 10_000 },
})
