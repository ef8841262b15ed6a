import { currentRole, type Solutions } from './role.ts'

/** Thrown where a check meets the blank of the very function that it checks. */
export class OpenBlank extends Error {
  override name = 'OpenBlank'
  readonly blank: string
  constructor(blank: string) {
    super(`${blank} is still blank`)
    this.blank = blank
  }
}

/**
 * The gap that a learner fills. In the demo, and in the check of another function, it gives the solution's result;
 * in the check of its own function it says that the function is open.
 */
export function blank<T>(name: string, ...args: unknown[]): T {
  const role = currentRole()
  if (role.kind === 'front' || (role.kind === 'check' && role.name === name)) throw new OpenBlank(name)
  if (role.kind === 'demo') role.usesBlank(name)
  return solutionOf(role.solutions, name)(...args) as T
}

export function solutionOf(solutions: Solutions, name: string): (...args: unknown[]) => unknown {
  const solution = solutions[name]
  if (typeof solution !== 'function') throw new Error(`blank: the solutions have no function named ${name}`)
  return solution as (...args: unknown[]) => unknown
}
