// Prometheus' own check of metrics for the tests.
import { findProgram } from './debian.mjs'

/** Path of a `promtool`; undefined, and a warning, where there is none to be had. */
export function findPromtool() {
  return findProgram({
    name: 'promtool',
    variable: 'TRICUBE_TEST_PROMTOOL',
    packages: ['prometheus'],
    file: 'usr/bin/promtool',
  })
}
