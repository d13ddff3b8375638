import { spanTemplate } from '../../trace/spanTemplate.ts'
import type { Hooks, RunningApplication } from '../definition/hooks.ts'
import type { WorkContext } from '../request/context.ts'
import type { BackgroundWork, StartedWork } from '../background/backgroundWork.ts'

/** Runs the hooks of a service in turn, and creates the context of each at its first use. */
export class HookRunner {
  readonly #hooks: Hooks
  readonly #work: BackgroundWork
  #current: keyof Hooks | undefined
  #begun: StartedWork | undefined

  constructor(hooks: Hooks = {}, work: BackgroundWork) {
    this.#hooks = hooks
    this.#work = work
  }

  /** @throws {TypeError} when no hook with a context is running */
  get context(): WorkContext {
    const name = this.#current
    if (name === undefined || name === 'afterStop') {
      const advice =
        'it is there while beforeStart, afterStart or beforeStop runs; elsewhere, use run(async (ctx) => …)'
      throw new TypeError(`no context: ${advice}`)
    }
    return (this.#begun ??= this.#work.begin({ template: spanTemplate(name) })).context as unknown as WorkContext
  }

  async run(name: keyof Hooks, application: RunningApplication): Promise<void> {
    this.#current = name
    try {
      await this.#hooks[name]?.(application)
    } catch (error) {
      this.#begun?.fail(error)
      throw error
    } finally {
      this.#begun?.end()
      this.#begun = undefined
      this.#current = undefined
    }
  }
}
