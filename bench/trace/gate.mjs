/**
 * An exporter before an exporter: batches wait until the gate is opened, and pass one at a time, so that what they cost can
 * be measured apart from the requests that they tell of.
 */
export class Gate {
  #waiting = []

  /** A tricube exporter whose batches wait. */
  before(exporter) {
    return {
      export: (...args) => new Promise((resolve) => this.#waiting.push(() => exporter.export(...args).then(resolve))),
      close: () => exporter.close(),
    }
  }

  /** The same for an exporter of OpenTelemetry's SDK. */
  beforeSdk(exporter) {
    const pass = (spans, done) => new Promise((resolve) => exporter.export(spans, (result) => resolve(done(result))))
    return {
      export: (spans, done) => void this.#waiting.push(() => pass(spans, done)),
      shutdown: () => exporter.shutdown(),
    }
  }

  /** Exports what waits: each batch is encoded and sent, and its response is read. Returns the CPU microseconds of each. */
  async open() {
    const each = []
    while (this.#waiting.length > 0) {
      const before = cpuUs()
      await this.#waiting.shift()()
      each.push(cpuUs() - before)
    }
    return each
  }
}

/** CPU microseconds of this process, user and system, of all its threads. */
export function cpuUs() {
  const { user, system } = process.cpuUsage()
  return user + system
}
