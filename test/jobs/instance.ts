/** A service with jobs, as a process of its own: bundled and started by `instances.ts`. */
import { contract, jobs, service, t } from 'tricube'
import { until } from '../until.ts'

const markService = contract('mark-service', {
  enqueue: { route: 'POST /jobs', body: t.Object({ n: t.Integer(), waits: t.Boolean() }), returns: t.Null() },
})
const markJobs = jobs({
  mark: { input: t.Object({ n: t.Integer(), waits: t.Boolean() }), timeoutMs: 120_000 },
})

const marks = service(markService, {
  models: {},
  admission: false,
  drain: { timeoutMs: 1500 },
  queue: { concurrency: 2 },
  jobs: markJobs,
  jobHandlers: {
    async mark({ input: { n, waits }, attempt, db, signal }) {
      await db.execute`INSERT INTO marks VALUES (${n}, ${process.pid}, ${attempt})`
      console.log(`begun ${n} ${attempt}`)
      // On another connection, for what this one does is not committed.
      if (waits && attempt === 1) {
        await until(() => signal.aborted || application!.primary.value`SELECT open FROM gate`, { timeoutMs: 120_000 })
      }
    },
  },
  hooks: {
    beforeStart: ({ db }) => void (application = db),
  },
  handlers: {
    async enqueue({ body, db }) {
      await db.enqueue(markJobs.mark, body)
      return null
    },
  },
})
let application: { readonly primary: { value: (text: TemplateStringsArray) => Promise<unknown> } } | undefined

process.once('SIGTERM', () => void marks.close().finally(() => process.exit(0)))
const { url } = await marks.listen()
console.log(`listening ${url}`)
