import { expect } from '../errors.ts'

/** What each class counts: 'balanced' so that all classes weigh the same, or numbers by label (a class that is not named counts 1). */
export type ClassWeight = 'balanced' | Readonly<Record<number, number>>

/** Checks what can be checked without labels: every weight is a number above 0. */
export function checkClassWeight(name: string, classWeight: ClassWeight | undefined): void {
  if (classWeight === undefined || classWeight === 'balanced') return
  expect(
    typeof classWeight === 'object' && classWeight !== null,
    name,
    () => `classWeight must be 'balanced' or { label: weight }, got ${classWeight}`,
  )
  for (const [label, weight] of Object.entries(classWeight)) {
    expect(weight > 0 && weight < Infinity, name, () => `the classWeight of ${label} must be a number above 0, got ${weight}`)
  }
}

/**
 * The weight of each sample, that of its class        codes: [N], classes: [C] -> [N]
 *
 *     balanced: w_c = N / (C · N_c)
 */
export function weightsOf(operation: string, classWeight: ClassWeight | undefined, codes: Int32Array, classes: Int32Array): Float64Array {
  if (classWeight === undefined) return new Float64Array(codes.length).fill(1)
  if (classWeight === 'balanced') {
    const counts = new Float64Array(classes.length)
    for (const code of codes) counts[code]++
    return Float64Array.from(codes, (code) => codes.length / (classes.length * counts[code]))
  }
  const stranger = Object.keys(classWeight).find((label) => !classes.includes(Number(label)))
  expect(stranger === undefined, operation, () => `classWeight names class ${stranger}, but the classes are ${classes.join(', ')}`)
  return Float64Array.from(codes, (code) => classWeight[classes[code]] ?? 1)
}
