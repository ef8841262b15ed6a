/** What the content spec and its part on the GPU share: every check of every lesson. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { OpenBlank } from '../src/learn/blank.ts'
import { type Content, loadContent, subjectOf } from '../src/learn/content.ts'
import { judge } from '../src/learn/judge.ts'
import { languageOf, manifest } from '../src/learn/manifest.ts'

export const contents: readonly Content[] = await Promise.all(manifest.map(({ name }) => loadContent(name)))

export type FunctionToFill = readonly [lesson: string, fn: string, content: Content]

export const functionsToFill: readonly FunctionToFill[] = contents.flatMap((content) =>
  content.blanks.map((fn) => [content.name, fn, content] as const),
)

/** A lesson in WGSL runs where there is a GPU: its functions are called by `npm run test:gpu`, and nowhere else. */
export const needsGpu = ([lesson]: FunctionToFill): boolean => languageOf(lesson) === 'wgsl'

export const read = (path: string): string => readFileSync(path, 'utf8')

/** A thousand are tried by `npm run test:soak`. */
const SEEDS = [1, 2]

/** What is so for every blank, found by running it. Smaller counterexamples of the mutants are looked for as long as `patienceMs` says. */
export function proveByRunning(functions: readonly FunctionToFill[], { patienceMs }: { patienceMs?: number } = {}): void {
  describe.each(functions)('%s: %s', (_, fn, content) => {
    const { mutants } = content.checks[fn]

    it('is open as shipped', async () => {
      const blank = () => {
        throw new OpenBlank(fn)
      }
      expect(await judge(subjectOf(content, fn, blank))).toEqual({ name: fn, state: 'open' })
    })

    it.each(SEEDS)('passes with the solution (seed %i)', async (seed) => {
      expect(await judge(subjectOf(content, fn, content.solutions[fn]), { seed })).toEqual({ name: fn, state: 'passed' })
    })

    it.each(Object.keys(mutants))('rejects by its own diagnosis: %s', async (sentence) => {
      const verdict = await judge(subjectOf(content, fn, mutants[sentence]), { patienceMs }) // ten seeds in the soak: looking for the smallest call takes long
      expect(verdict).toMatchObject({ state: 'wrong', diagnosis: sentence })
    })
  })
}
