/** A check that fails a right answer once in a thousand runs would send a learner looking for a mistake that is not there. */
import { expect, it } from 'vitest'
import { loadContent, subjectOf } from '../src/learn/content.ts'
import { judge } from '../src/learn/judge.ts'

const RUNS = 1_000
/** A wrong answer takes longer: its smallest counterexample is looked for. */
const MUTANT_RUNS = 10

/** The lesson whose name the project bears: vitest.soak.config.ts. */
const content = await loadContent(process.env.GRADUS_LESSON ?? '')

it.each(content.blanks)('%s passes 1,000 times with the solution', async (fn) => {
  const solution = subjectOf(content, fn, content.solutions[fn])
  for (let seed = 0; seed < RUNS; seed++) expect(await judge(solution, { seed }), `seed ${seed}`).toEqual({ name: fn, state: 'passed' })
})

it.each(content.blanks)('%s tells its mutants by name', async (fn) => {
  for (const [sentence, mutant] of Object.entries(content.checks[fn].mutants)) {
    for (let seed = 0; seed < MUTANT_RUNS; seed++)
      expect(await judge(subjectOf(content, fn, mutant), { seed }), `seed ${seed}`).toMatchObject({ state: 'wrong', diagnosis: sentence })
  }
})
