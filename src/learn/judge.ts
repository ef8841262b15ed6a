import fc from 'fast-check'
import { OpenBlank } from './blank.ts'
import type { LooseCheck, LooseFunction } from './check.ts'
import { errorText } from './failure.ts'
import { difference, format, hasNaN, numericDifference, type Snapshot, snapshot } from './value.ts'

/** What a check found. */
export type Verdict = Passed | Open | Wrong

export interface Passed {
  readonly name: string
  readonly state: 'passed'
}

export interface Open {
  readonly name: string
  readonly state: 'open'
}

export interface Wrong {
  readonly name: string
  readonly state: 'wrong'
  /** The smallest call that shows it, as text. */
  readonly call?: string
  readonly expected?: string
  /** What came instead, or what happened. */
  readonly came: string
  /** The mistake by name, only where the answers are exactly those of that mistake. */
  readonly diagnosis?: string
  /** The function did not finish in time. */
  readonly endless?: boolean
}

export interface Subject {
  readonly name: string
  readonly parameters: readonly string[]
  /** What the learner's file exports under this name. */
  readonly fn: unknown
  readonly solution: LooseFunction
  readonly check: LooseCheck
}

/** What a call led to. */
type Outcome =
  | { readonly kind: 'value'; readonly value: Snapshot }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'changed'; readonly argument: number; readonly into: Snapshot }

const TOLERANCE = 1e-9
const RUNS = 100
/** Shrinking a slow function's counterexample ends here: a larger one in time is better than none. */
const PATIENCE_MS = 2_000
const SHRINK_STARTS = 8

/** Checks one function. The same seed gives the same verdict. A smaller counterexample is looked for as long as `patienceMs` says. */
export async function judge(
  subject: Subject,
  { seed = 1, runs = subject.check.runs ?? RUNS, patienceMs = PATIENCE_MS } = {},
): Promise<Verdict> {
  const { name, fn, solution, check } = subject
  if (typeof fn !== 'function') return wrong(name, { came: fn === undefined ? `no exported function ${name}` : `${name} is no function` })
  const learner = fn as LooseFunction
  try {
    const seen = await flawSeen(subject, learner)
    if (seen !== undefined) return seen
    const drawn = fc.sample(check.inputs, { seed, numRuns: runs })
    for (const input of drawn) {
      if (await agrees(learner, solution, input, check)) continue
      const smallest = (await shrink(subject, (i) => agrees(learner, solution, i, check), { seed, runs, patienceMs })) ?? input
      const expected = await outcome(solution, smallest, check)
      const came = await outcome(learner, smallest, check)
      const diagnosis = await diagnose(learner, [smallest, ...drawn], check)
      return wrong(name, { call: await callText(subject, smallest), ...describe(came, expected, subject), diagnosis })
    }
    return (
      (await brokenLaw(subject, learner, { seed, runs, patienceMs })) ?? (await brokenFrozen(subject, learner)) ?? { name, state: 'passed' }
    )
  } catch (error) {
    if (error instanceof OpenBlank && error.blank === name) return { name, state: 'open' }
    throw error
  }
}

const wrong = (name: string, found: Omit<Wrong, 'name' | 'state'>): Wrong => ({ name, state: 'wrong', ...found })

/** What can be seen before the function is called. */
async function flawSeen({ name, check }: Subject, learner: LooseFunction): Promise<Verdict | undefined> {
  try {
    const diagnosis = await check.look?.(learner)
    return diagnosis === undefined ? undefined : wrong(name, { came: 'nothing: its text shows the mistake', diagnosis })
  } catch (error) {
    if (error instanceof OpenBlank) throw error
    return wrong(name, { came: `an error: ${errorText(error)}` })
  }
}

/** The arguments of one call, made anew. */
function build(input: unknown): unknown[] {
  return (typeof input === 'function' ? input() : structuredClone(input)) as unknown[]
}

async function outcome(fn: LooseFunction, input: unknown, { observe }: LooseCheck): Promise<Outcome> {
  const args = build(input)
  try {
    const result = await fn(...args)
    if (observe) return { kind: 'value', value: await snapshot(observe(result, args)) }
    const value = await snapshot(result)
    const argument = await changedArgument(args, build(input))
    if (argument >= 0) return { kind: 'changed', argument, into: await snapshot(args[argument]) }
    return { kind: 'value', value }
  } catch (error) {
    if (error instanceof OpenBlank) throw error
    return { kind: 'threw', error }
  }
}

async function changedArgument(args: readonly unknown[], before: readonly unknown[]): Promise<number> {
  for (let i = 0; i < args.length; i++) {
    if (difference(await snapshot(args[i]), await snapshot(before[i]), 0) !== undefined) return i
  }
  return -1
}

async function agrees(fn: LooseFunction, solution: LooseFunction, input: unknown, check: LooseCheck): Promise<boolean> {
  return same(await outcome(fn, input, check), await outcome(solution, input, check), check)
}

function same(a: Outcome, b: Outcome, { tolerance = TOLERANCE }: LooseCheck): boolean {
  if (a.kind === 'value' && b.kind === 'value') return difference(a.value, b.value, tolerance) === undefined
  if (a.kind === 'changed' && b.kind === 'changed') return a.argument === b.argument && difference(a.into, b.into, tolerance) === undefined
  return false // what throws has no answer to compare
}

interface Search {
  readonly seed: number
  readonly runs: number
  readonly patienceMs: number
}

/**
 * The smallest input for which `holds` does not hold, undefined where it always does. Shrinking may end in a small input that is not the
 * smallest, so it is begun from several places.
 */
async function shrink(subject: Subject, holds: (input: unknown) => Promise<boolean>, { seed, runs, patienceMs }: Search): Promise<unknown> {
  const end = Date.now() + patienceMs
  let smallest: { readonly input: unknown; readonly size: number } | undefined
  for (let start = 0; start < SHRINK_STARTS && Date.now() < end; start++) {
    const { counterexample } = await fc.check(fc.asyncProperty(subject.check.inputs, holds), {
      seed: seed + start,
      numRuns: runs,
      interruptAfterTimeLimit: end - Date.now(),
    })
    if (counterexample === null && start === 0) return undefined
    if (counterexample === null) continue
    const size = (await callText(subject, counterexample[0])).length
    if (smallest === undefined || size < smallest.size) smallest = { input: counterexample[0], size }
  }
  return smallest?.input
}

/** The first mutant that answers as the learner does, on every input. */
async function diagnose(learner: LooseFunction, inputs: readonly unknown[], check: LooseCheck): Promise<string | undefined> {
  const answers: Outcome[] = []
  for (const input of inputs) answers.push(await outcome(learner, input, check))
  for (const [sentence, mutant] of Object.entries(check.mutants)) {
    if (await answersAlike(mutant, inputs, answers, check)) return sentence
  }
  return undefined
}

async function answersAlike(
  fn: LooseFunction,
  inputs: readonly unknown[],
  answers: readonly Outcome[],
  check: LooseCheck,
): Promise<boolean> {
  for (let i = 0; i < inputs.length; i++) {
    if (!same(await outcome(fn, inputs[i], check), answers[i], check)) return false
  }
  return true
}

async function brokenLaw(subject: Subject, learner: LooseFunction, search: Search): Promise<Verdict | undefined> {
  const { name, check } = subject
  for (const [sentence, law] of Object.entries(check.laws ?? {})) {
    const holds = async (input: unknown) => (await law(learner, ...build(input))) === true
    const smallest = await shrink(subject, holds, search)
    if (smallest === undefined) continue
    const came = await outcome(learner, smallest, check)
    return wrong(name, { call: await callText(subject, smallest), expected: sentence, came: outcomeText(came, subject) })
  }
  return undefined
}

async function brokenFrozen(subject: Subject, learner: LooseFunction): Promise<Verdict | undefined> {
  const { name, check } = subject
  for (const { args, gives, from } of check.frozen) {
    const came = await outcome(learner, args, check)
    const expected = await snapshot(gives)
    if (came.kind === 'value' && numericDifference(came.value, expected, check.tolerance ?? TOLERANCE) === undefined) continue
    const described = describe(came, { kind: 'value', value: expected }, subject, numericDifference)
    return wrong(name, { call: await callText(subject, args), ...described, expected: `${described.expected}   (${from})` })
  }
  return undefined
}

async function callText({ name, parameters }: Subject, input: unknown): Promise<string> {
  const args = await Promise.all(build(input).map((arg) => snapshot(arg)))
  return `${name}(${args.map((arg, i) => `${parameters[i] ?? i} = ${format(arg)}`).join(', ')})`
}

/** What was expected and what came, with as many digits as it takes to tell them apart. */
function describe(came: Outcome, expected: Outcome, subject: Subject, compare = difference): { expected: string; came: string } {
  if (came.kind !== 'value' || expected.kind !== 'value') {
    return { expected: outcomeText(expected, subject), came: outcomeText(came, subject) }
  }
  const digits = format(came.value) === format(expected.value) ? 17 : 6
  const how = compare(came.value, expected.value, subject.check.tolerance ?? TOLERANCE)
  const note = how === undefined || how === 'it differs' || how.endsWith('] differs') ? '' : `   (${how}${returnHint(came.value)})`
  return { expected: format(expected.value, digits), came: `${format(came.value, digits)}${note || nanNote(came.value)}` }
}

const returnHint = (came: Snapshot): string => (came.type === 'undefined' ? ': is a `return` missing?' : '')
const nanNote = (came: Snapshot): string =>
  hasNaN(came) ? '   (NaN is no number: 0/0, an element beyond the end of an array, or one that was never written?)' : ''

function outcomeText(outcome: Outcome, { parameters, name }: Subject): string {
  if (outcome.kind === 'value') return format(outcome.value)
  if (outcome.kind === 'threw') return `an error: ${errorText(outcome.error)}`
  return `${name} changed its argument ${parameters[outcome.argument]} into ${format(outcome.into)}: make a new array instead`
}
