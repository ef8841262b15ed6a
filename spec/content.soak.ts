/** A check that fails a right answer once in a thousand runs would send a learner looking for a mistake that is not there. */
import { expect, it } from 'vitest'
import { functionsToFill, judgeSolution } from './content.ts'

const RUNS = 1_000

it.each(functionsToFill)('%s: %s passes 1,000 times with the solution', async (_, fn, content) => {
  for (let seed = 0; seed < RUNS; seed++)
    expect(await judgeSolution(content, fn, { seed }), `seed ${seed}`).toEqual({ name: fn, state: 'passed' })
})
