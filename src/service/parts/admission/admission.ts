import { either, exactly, group, integer, number } from '../../../config/rules.ts'
import type { Part } from '../../part.ts'
import { metrics } from '../metrics.ts'
import { shareOf } from '../workers/share.ts'
import { workers } from '../workers/workers.ts'
import { AdmissionControl, defaultMaxConcurrency, type AdmissionOptions } from './admissionControl.ts'

/** The options that admission reads. */
export interface AdmissionPartOptions {
  /** Which requests an overloaded service rejects; `false` rejects none. */
  readonly admission?: AdmissionOptions | false
}

/** Rejects requests while the service is overloaded. */
export const admission: Part<AdmissionPartOptions, {}, AdmissionControl> = {
  name: 'admission',
  options: {
    admission: either(
      exactly(false),
      group<AdmissionOptions>({
        targetDelayMs: number({ min: 1, unit: 'ms' }),
        maxConcurrency: integer({ min: 1 }),
      }),
    ),
  },
  async open({ contract, inFlight, log, use }, { admission: options = {} }) {
    const { requests } = await use(metrics)
    const { size } = await use(workers)
    return new AdmissionControl(contract, admissionShare(options, size), requests, inFlight, log)
  },
}

/** Returns the options of one worker. All workers share the memory, so they also share `maxConcurrency`. */
export function admissionShare(options: AdmissionOptions | false, size: number): AdmissionOptions | false {
  if (!options || size === 1) return options
  return { ...options, maxConcurrency: shareOf(options.maxConcurrency ?? defaultMaxConcurrency, size) }
}
