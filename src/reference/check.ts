import { GradusError } from '../errors.ts'

/** Looking at the numbers themselves: labels must lie within range, probabilities between 0 and 1. */
export interface CheckKernels<A> {
  /** A GradusError unless every number of x is as the law says. Where numbers arrive later, so does the error: at the next read. */
  check(x: A, law: Law): void
}

export interface Law {
  /** Who demands it, for the message. */
  operation: string
  /** What is demanded, for the message: 'labels must be integers from 0 to 9'. */
  expected: string
  /** What else the message says. */
  advice?: string
  /** The least and the greatest number, both allowed. NaN never is. Default all. */
  min?: number
  max?: number
  /** Integers only. Default false. */
  isIntegral?: boolean
}

/** Looks for the first number that breaks the law.        x: any */
export function check(x: ArrayLike<number>, law: Law): void {
  const { min = -Infinity, max = Infinity, isIntegral = false } = law
  for (let i = 0; i < x.length; i++) {
    if (!(x[i] >= min && x[i] <= max) || (isIntegral && !Number.isInteger(x[i]))) throw broken(law, x[i], i)
  }
}

/** The error for a number that breaks the law. */
export function broken({ operation, expected, advice }: Law, value: number, place: number): GradusError {
  return new GradusError(operation, `${expected}, got ${value} at place ${place}${advice === undefined ? '' : `; ${advice}`}`)
}

const LEAST = -(2 ** 31)
const GREATEST = 2 ** 31 - 1

/** What int32 can hold. */
export const int32Law = (operation: string): Law => ({
  operation,
  expected: 'int32 takes integers between -2^31 and 2^31 - 1',
  min: LEAST,
  max: GREATEST,
  isIntegral: true,
})
