import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reference } from '../src/kernels.ts'
import { check, type Law } from '../src/reference/check.ts'
import { builds, onGpu, type Twin } from './twins.ts'

const law: Law = { operation: 'loss', expected: 'x must be an integer from -2 to 7', min: -2, max: 7, isIntegral: true }

function messageOf(run: () => unknown): string {
  try {
    run()
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

/** What a twin says of numbers that it has computed itself. Where they arrive later, so does the message: at the read. */
function complaint({ kernels }: Pick<Twin, 'kernels'>, x: Float32Array | Int32Array, of: Law): string {
  const [given, one] = [kernels.upload(x), kernels.upload(x.slice(0, 1).fill(1))]
  const made = kernels.mul(given, one, { a: [x.length], b: [1] })
  const message = messageOf(() => {
    kernels.check(made, of)
    kernels.download(made, 'spec')
  })
  for (const array of [given, one, made]) kernels.release(array)
  return message
}

describe('check', () => {
  it('names the demand, the number and its place', () => {
    expect(messageOf(() => check([0, 7, 8], law))).toBe('loss: x must be an integer from -2 to 7, got 8 at place 2')
    expect(messageOf(() => check([0.5], { ...law, advice: 'round it' }))).toMatch(/, got 0.5 at place 0; round it$/)
  })

  it('lets infinities pass where no end is given, NaN never', () => {
    const open = { operation: 'loss', expected: 'x must hold numbers' }
    expect(messageOf(() => check([1 / 0, -1 / 0], open))).toBe('')
    expect(messageOf(() => check([1, Number.NaN], open))).toBe('loss: x must hold numbers, got NaN at place 1')
    for (const build of builds) {
      expect(complaint(build, Float32Array.of(1 / 0, -1 / 0, 1e38, -0), open)).toBe('')
      expect(complaint(build, Float32Array.of(1, Number.NaN), open)).toBe('loss: x must hold numbers, got NaN at place 1')
    }
  })

  const float = fc.oneof(fc.integer({ min: -2, max: 7 }), fc.constantFrom(-3, 8, 6.5, -0.25, Number.NaN, 1 / 0, -1 / 0, 3e9))
  it('finds on the twins what it finds by definition, one wrong number among right ones', () => {
    const numbers = fc.array(fc.integer({ min: -2, max: 7 }), { minLength: 1, maxLength: 40 })
    const property = fc.property(numbers, fc.nat(), float, (right, at, number) => {
      const x = Float32Array.from(right.with(at % right.length, number))
      for (const build of builds) expect(complaint(build, x, law)).toBe(messageOf(() => reference.check(x, law)))
    })
    fc.assert(property, { numRuns: onGpu ? 40 : 200 })
  })

  it('names the first of several wrong numbers, and of several checks the first that fails', () => {
    const property = fc.property(fc.array(float, { minLength: 1, maxLength: 40 }), fc.constantFrom(1, 100), (some, times) => {
      const x = Float32Array.from(Array(times).fill(some).flat())
      for (const build of builds) expect(complaint(build, x, law)).toBe(messageOf(() => reference.check(x, law)))
    })
    fc.assert(property, { numRuns: onGpu ? 40 : 200 })
    for (const { kernels } of builds) {
      const [late, early] = [Float32Array.of(1, 1, 8), Float32Array.of(9, 1, 1)].map((x) => kernels.neg(kernels.neg(kernels.upload(x))))
      const both = () => {
        kernels.check(late, law)
        kernels.check(early, law)
        kernels.download(early, 'spec')
      }
      expect(messageOf(both)).toBe('loss: x must be an integer from -2 to 7, got 8 at place 2')
    }
  })

  it('does so without integers, at every place of every length', () => {
    const probability: Law = { operation: 'loss', expected: 'x must be probabilities', min: 0, max: 1 }
    const property = fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), float, (n, at, number) => {
      const x = new Float32Array(n).fill(0.5).with(at % n, number)
      for (const build of builds) expect(complaint(build, x, probability)).toBe(messageOf(() => reference.check(x, probability)))
    })
    fc.assert(property, { numRuns: onGpu ? 40 : 200 })
  })

  it('does so for integers, too', () => {
    for (const build of builds) {
      for (const number of [-2, 7, -3, 8, 2 ** 30, -(2 ** 30)]) {
        const x = Int32Array.of(0, 5, number, 1)
        if (onGpu) expect(complaint(build, x, law)).toBe(messageOf(() => reference.check(x, law)))
        else expect(messageOf(() => build.kernels.check(build.kernels.upload(x), law))).toBe(messageOf(() => reference.check(x, law)))
      }
    }
  })
})
