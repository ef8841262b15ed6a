import type fc from 'fast-check'
import type { AnyFunction } from './role.ts'

/** Numbers in nested arrays: what a tensor or a typed array is compared with. */
export type Numbers = number | readonly Numbers[]

/** What is known of a right answer from elsewhere: a book, another library, a table. */
export interface Frozen<F extends AnyFunction> {
  readonly args: Parameters<F> | (() => Parameters<F>)
  readonly gives: Awaited<ReturnType<F>> | Numbers
  /** Where the value was published or computed. */
  readonly from: string
}

/** How one function of a lesson is checked, and what is said when it is wrong. */
export interface Check<F extends AnyFunction> {
  /** A ladder, climbed one step at a time: a nudge, the formula, nearly the code. */
  readonly hints: readonly [nudge: string, formula: string, nearlyCode: string]
  /**
   * Draws arguments. Each function gets a copy of its own; what cannot be copied (tensors, nodes of a graph, generators) is drawn as a
   * function that builds the arguments anew. Keep away from kinks and from where a derivative vanishes.
   */
  readonly inputs: fc.Arbitrary<Parameters<F>> | fc.Arbitrary<() => Parameters<F>>
  /** What holds for every right answer, whoever wrote it: a sentence, and whether it holds for `f` at these arguments. */
  readonly laws?: Readonly<Record<string, (f: F, ...args: Parameters<F>) => boolean | Promise<boolean>>>
  /** Values that this project did not compute. */
  readonly frozen: readonly Frozen<F>[]
  /** Wrong answers that learners give, each under the sentence that explains it. */
  readonly mutants: Readonly<Record<string, F>>
  /** How far a number may be off, relative to 1 or to its size: 1e-9 unless told otherwise (1e-5 for float32). */
  readonly tolerance?: number
  /** How many arguments are drawn: 100 unless told otherwise (fewer where a call takes long). */
  readonly runs?: number
  /**
   * Looks at a function before it is called. What an answer would not show for certain is returned as a diagnosis; what makes the function
   * impossible to call is thrown.
   */
  readonly look?: (f: F) => Promise<string | undefined>
  /** What is compared, where it is not the result alone: for instance the gradients that a function writes into its arguments. */
  readonly observe?: (result: Awaited<ReturnType<F>>, args: Parameters<F>) => unknown
}

/** The checks of a lesson: the keys are its blanks, in the order of the file. */
export type Checks<L> = { readonly [K in keyof L]?: L[K] extends AnyFunction ? Check<L[K]> : never }

/**
 * Types the checks of a lesson from the functions that they check:
 *
 *     import type * as lesson from '../solutions/perceptron.ts'
 *     export default checks<typeof lesson>({ weightedSum: { hints, inputs, frozen, mutants }, ... })
 */
export function checks<L>(of: Checks<L>): Checks<L> {
  return of
}

/** A check whose function is not known by type: what the runner works with. */
export interface LooseCheck {
  readonly hints: readonly string[]
  readonly inputs: fc.Arbitrary<unknown>
  readonly laws?: Readonly<Record<string, (f: LooseFunction, ...args: unknown[]) => unknown>>
  readonly frozen: readonly { readonly args: unknown; readonly gives: unknown; readonly from: string }[]
  readonly mutants: Readonly<Record<string, LooseFunction>>
  readonly tolerance?: number
  readonly runs?: number
  readonly look?: (f: LooseFunction) => Promise<string | undefined>
  readonly observe?: (result: unknown, args: readonly unknown[]) => unknown
}

export type LooseFunction = (...args: unknown[]) => unknown
export type LooseChecks = Readonly<Record<string, LooseCheck>>
