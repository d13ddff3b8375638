import { expect, it } from 'vitest'
import { Paced } from '../../src/resilience/paced.ts'

it('handles items in order within the time budget, and at least one', () => {
  let now = 0
  const done: number[] = []
  const paced = new Paced<number>(
    (one) => {
      done.push(one)
      now += 2
    },
    () => now,
  )
  paced.run(100)
  expect([paced.size, paced.waitedMs]).toEqual([0, 0])
  for (let one = 0; one < 1000; one++) paced.add(one)
  now = 10
  expect([paced.size, paced.waitedMs]).toEqual([1000, 10])
  paced.run(0)
  paced.run(5)
  expect(done).toEqual([0, 1, 2, 3])
  paced.add(1000)
  expect([paced.size, paced.waitedMs]).toEqual([997, 18])
  paced.run(Number.POSITIVE_INFINITY)
  expect(done).toEqual(Array.from({ length: 1001 }, (_, one) => one))
  expect([paced.size, paced.waitedMs]).toEqual([0, 0])
})
