import fc from 'fast-check'

/**
 * Numbers that are easy to read in a counterexample: multiples of 1/8, so that short sums and products of them are exact.
 * Shrinks towards 0.
 */
export function number({ min = -4, max = 4 }: { min?: number; max?: number } = {}): fc.Arbitrary<number> {
  return fc.integer({ min: Math.ceil(min * 8), max: Math.floor(max * 8) }).map((n) => n / 8)
}

/** A vector of such numbers. */
export function vector(length: number, range: { min?: number; max?: number } = {}): fc.Arbitrary<Float64Array> {
  return fc.array(number(range), { minLength: length, maxLength: length }).map((values) => Float64Array.from(values))
}

/** Calls `of` with a length from `min` to `max`: for vectors that must be equally long. */
export function withLength<T>({ min, max }: { min: number; max: number }, of: (n: number) => fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.integer({ min, max }).chain(of)
}
