/** A check that fails a right answer once in a thousand runs would send a learner looking for a mistake that is not there. */
import { expect, it } from 'vitest'
import { subjectOf } from '../src/learn/content.ts'
import { judge } from '../src/learn/judge.ts'
import { functionsToFill, judgeSolution, needsGpu } from './content.ts'

const RUNS = 1_000
/** A wrong answer takes longer: its smallest counterexample is looked for. */
const MUTANT_RUNS = 10

const noGpu = process.env.GRADUS_NO_GPU ?? ''
if (noGpu !== '') console.log(`Lessons that need a GPU are left out. ${noGpu}`)
const functions = functionsToFill.filter((fn) => noGpu === '' || !needsGpu(fn))

it.each(functions)('%s: %s passes 1,000 times with the solution', async (_, fn, content) => {
  for (let seed = 0; seed < RUNS; seed++)
    expect(await judgeSolution(content, fn, { seed }), `seed ${seed}`).toEqual({ name: fn, state: 'passed' })
})

it.each(functions)('%s: %s tells its mutants by name', async (_, fn, content) => {
  for (const [sentence, mutant] of Object.entries(content.checks[fn].mutants)) {
    for (let seed = 0; seed < MUTANT_RUNS; seed++)
      expect(await judge(subjectOf(content, fn, mutant), { seed }), `seed ${seed}`).toMatchObject({ state: 'wrong', diagnosis: sentence })
  }
})
