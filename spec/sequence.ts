/** What the kernels over whole sequences have in common, so that one suite proves them all. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type F, grad, gradcheck, manualSeed, randn, type Tensor, zeros } from '../src/index.ts'
import { type Kernels, reference } from '../src/kernels.ts'
import type { HostArray } from '../src/reference/array.ts'
import type { SequenceOptions } from '../src/reference/rnn.ts'
import { expectClose } from './support.ts'
import { builds, double, expectBackward, expectNear, inDouble, numbers, onGpu, onWasm, seeds } from './twins.ts'

export interface SequenceKernel {
  name: string
  /** Blocks of rows in the weights. */
  gates: number
  /** States that are carried: 1 (h) or 2 (h and c). */
  states: number
  /** inputs: x, the states, wIh, wHh, bIh, bHh. */
  forward<A>(k: Kernels<A>, inputs: readonly A[], o: SequenceOptions): A
  backward<A>(k: Kernels<A>, dy: A, inputs: readonly A[], y: A, o: SequenceOptions, needs: readonly boolean[]): (A | null)[]
  /** The same as a function of tensors, giving all that has a gradient. */
  onTensors(inputs: readonly Tensor[], reverse: boolean): Tensor[]
  /** Whether it has slopes there; everywhere where this is left out. */
  isSmoothAt?(inputs: readonly Float64Array[], o: Required<SequenceOptions>): boolean
}

const few = (max: number) => fc.integer({ min: 1, max })

/** Steps from 1 on; samples and units none, one, around the width of a vector and of a tile, and more. */
const problems: fc.Arbitrary<Required<SequenceOptions>> = fc.record({
  t: fc.oneof(fc.constantFrom(1, 2), few(7)),
  n: fc.oneof(few(9), fc.constantFrom(0, 1, 4, 5, 6, 13, 33)),
  i: fc.oneof(few(5), fc.constantFrom(1, 16, 33)),
  h: fc.oneof(few(9), fc.constantFrom(1, 4, 16, 33)),
  reverse: fc.boolean(),
})

const small: fc.Arbitrary<Required<SequenceOptions>> = fc.record({ t: few(4), n: few(2), i: few(3), h: few(3), reverse: fc.boolean() })

const half = { min: -0.5, max: 0.5 }

/** The lengths of x, the states and the weights. */
function lengthsOf({ gates, states }: SequenceKernel, { t, n, i, h }: SequenceOptions): number[] {
  const g = gates * h
  return [t * n * i, ...new Array<number>(states).fill(n * h), g * i, g * h, g, g]
}

/** Weights small enough that a ReLU's states stay of the size of the inputs. */
function inputsOf(kernel: SequenceKernel, o: SequenceOptions, seed: number): Float32Array[] {
  return lengthsOf(kernel, o).map((n, k) =>
    numbers(seed + k, n, k === 0 ? { min: -2, max: 2 } : half).map((v) => (n === kernel.gates * o.h ** 2 ? v / Math.sqrt(o.h) : v)),
  )
}

/** What has a gradient: all states of all steps. */
const sizeOfStates = ({ states }: SequenceKernel, { t, n, h }: SequenceOptions) => states * t * n * h

/** The states of one step, or of some. */
function statesAt(kernel: SequenceKernel, y: HostArray, { t, n, h }: SequenceOptions, from: number, to: number): HostArray[] {
  const at = (k: number, s: number) => (k * t + s) * n * h
  return Array.from({ length: kernel.states }, (_, k) => y.slice(at(k, from), at(k, to)))
}

const largest = (x: HostArray) => double(x).reduce((max, v) => Math.max(max, Math.abs(v)), 0)

/** What every such kernel must fulfil. */
export function proveSequence(kernel: SequenceKernel): void {
  const { name, states } = kernel
  const run = (o: SequenceOptions) => {
    return <A>(k: Kernels<A>, ...inputs: A[]) => kernel.forward(k, inputs, o)
  }

  describe(`${name} on the twins`, () => {
    it('is the definition within 2e-6, for any size, in both directions', () => {
      fc.assert(
        fc.property(problems, seeds, (o, seed) => {
          const inputs = inputsOf(kernel, o, seed)
          const expected = inDouble(run(o), ...inputs)
          const abs = 2e-6 * Math.max(1, largest(expected))
          for (const build of builds) expectNear(onWasm(build, run(o), ...inputs), expected, { abs }, build.simd)
        }),
        { numRuns: onGpu ? 40 : 150 },
      )
    })

    it('passes each gradient back as the definition does, within 4e-6 of the largest', () => {
      fc.assert(
        fc.property(problems, seeds, fc.nat(states + 4), (o, seed, wanted) => {
          const inputs = inputsOf(kernel, o, seed)
          const y = onWasm(builds[0], run(o), ...inputs)
          const dy = numbers(seed + 9, sizeOfStates(kernel, o))
          const needs = inputs.map((_, k) => k === wanted)
          const gradient = <A>(k: Kernels<A>, dy: A, y: A, ...inputs: A[]): A => kernel.backward(k, dy, inputs, y, o, needs)[wanted] as A
          const expected = inDouble(gradient, dy, y, ...inputs)
          const abs = 4e-6 * Math.max(1, largest(expected))
          for (const build of builds) expectNear(onWasm(build, gradient, dy, y, ...inputs), expected, { abs }, build.simd)
        }),
        { numRuns: onGpu ? 40 : 150 },
      )
    })

    it('is right where blocks begin and end, within 2e-5, in both passes', () => {
      for (const o of [
        { t: 2, n: 520, i: 3, h: 5 },
        { t: 2, n: 7, i: 400, h: 130 },
        { t: 2, n: 5, i: 2, h: 390 },
      ]) {
        const inputs = inputsOf(kernel, o, 5)
        const dy = numbers(14, sizeOfStates(kernel, o))
        const needs = inputs.map((_, k) => k === 1)
        const dh0 = <A>(k: Kernels<A>, dy: A, ...inputs: A[]): A => kernel.backward(k, dy, inputs, run(o)(k, ...inputs), o, needs)[1] as A
        const [expected, slopes] = [inDouble(run(o), ...inputs), inDouble(dh0, dy, ...inputs)]
        for (const build of builds) {
          expectNear(onWasm(build, run(o), ...inputs), expected, { abs: 2e-5 * largest(expected) }, build.simd)
          expectNear(onWasm(build, dh0, dy, ...inputs), slopes, { abs: 2e-5 * largest(slopes) }, build.simd)
        }
      }
    })

    it('gives a sample the same bits wherever it stands', () => {
      const o = { t: 4, n: 7, i: 5, h: 6 }
      const inputs = inputsOf(kernel, o, 3)
      const sample = (x: HostArray, b: number, width: number) => x.filter((_, p) => Math.floor(p / width) % o.n === b)
      for (const build of builds) {
        const together = onWasm(build, run(o), ...inputs)
        for (let b = 0; b < o.n; b++) {
          const alone = inputs.map((x, k) => (k === 0 ? sample(x, b, o.i) : k <= states ? sample(x, b, o.h) : x))
          const y = onWasm(build, run({ ...o, n: 1 }), ...alone)
          expect(y.slice(0, states * o.t * o.h)).toEqual(sample(together.slice(0, sizeOfStates(kernel, o)), b, o.h))
        }
      }
    })
  })

  describe(name, () => {
    it('has the slopes that its backward says', () => {
      fc.assert(
        fc.property(small, seeds, (o, seed) => {
          const at = inputsOf(kernel, o, seed).map(double)
          fc.pre(kernel.isSmoothAt?.(at, o) ?? true)
          const f = (...inputs: HostArray[]) => run(o)(reference as Kernels<HostArray>, ...inputs).slice(0, sizeOfStates(kernel, o))
          const backward = (dy: HostArray, ...inputs: HostArray[]) => {
            const y = run(o)(reference as Kernels<HostArray>, ...inputs)
            return kernel.backward<HostArray>(
              reference,
              dy,
              inputs,
              y,
              o,
              inputs.map(() => true),
            )
          }
          expectBackward(f, backward, at)
        }),
        { numRuns: 30 },
      )
    })

    it('over a whole sequence is one step after the other, to the bit; and so is any split that carries the state', () => {
      fc.assert(
        fc.property(problems, seeds, fc.nat(), (problem, seed, place) => {
          const o = { ...problem, reverse: false }
          const inputs = inputsOf(kernel, o, seed)
          for (const build of builds) {
            const whole = onWasm(build, run(o), ...inputs)
            for (const cuts of [Array.from({ length: o.t + 1 }, (_, s) => s), [0, place % o.t, o.t]]) {
              let carried: HostArray[] = inputs.slice(1, 1 + states)
              for (const [k, from] of cuts.slice(0, -1).entries()) {
                const to = cuts[k + 1]
                if (to === from) continue
                const part = { ...o, t: to - from }
                const x = inputs[0].slice(from * o.n * o.i, to * o.n * o.i)
                const y = onWasm(build, run(part), x, ...carried, ...inputs.slice(1 + states))
                expect(statesAt(kernel, y, part, 0, part.t)).toEqual(statesAt(kernel, whole, o, from, to))
                carried = statesAt(kernel, y, part, part.t - 1, part.t)
              }
            }
          }
        }),
        { numRuns: onGpu ? 20 : 60 },
      )
    })

    it('in reverse is the mirror image of itself, to the bit', () => {
      fc.assert(
        fc.property(problems, seeds, (o, seed) => {
          const [x, ...rest] = inputsOf(kernel, o, seed)
          const mirrored = (x: HostArray, size: number) => x.map((_, p) => x[(o.t - 1 - Math.floor(p / size)) * size + (p % size)])
          for (const build of builds) {
            const backwards = onWasm(build, run({ ...o, reverse: true }), x, ...rest)
            const forwards = onWasm(build, run({ ...o, reverse: false }), mirrored(x, o.n * o.i), ...rest)
            const turned = statesAt(kernel, forwards, o, 0, o.t).map((state) => mirrored(state, o.n * o.h))
            expect(statesAt(kernel, backwards, o, 0, o.t)).toEqual(turned)
          }
        }),
        { numRuns: onGpu ? 20 : 60 },
      )
    })

    it('computes only the gradients that are needed', () => {
      const o = { t: 2, n: 3, i: 2, h: 4 }
      const inputs = inputsOf(kernel, o, 1)
      const y = run(o)(reference as Kernels<HostArray>, ...inputs)
      const needs = inputs.map((_, k) => k % 2 === 1)
      const gradients = kernel.backward<HostArray>(reference, numbers(1, sizeOfStates(kernel, o)), inputs, y, o, needs)
      expect(gradients.map((gradient) => gradient?.length ?? null)).toEqual(lengthsOf(kernel, o).map((n, k) => (needs[k] ? n : null)))
    })
  })

  describe(`F.${name}`, () => {
    const [t, n, i, h] = [3, 2, 2, 2]
    const g = kernel.gates * h
    const shapes = [[t, n, i], ...new Array<number[]>(states).fill([n, h]), [g, i], [g, h], [g], [g]]
    const leaves = () => shapes.map((shape) => randn(shape, { dtype: 'float64', requiresGrad: true }))
    const all = (reverse: boolean) => {
      return (...inputs: Tensor[]) =>
        kernel
          .onTensors(inputs, reverse)
          .map((y) => y.mul(y).sum())
          .reduce((a, b) => a.add(b))
    }

    it.each([false, true])('has right first and second derivatives, reverse: %s', (reverse) => {
      manualSeed(1)
      gradcheck(all(reverse), leaves(), { rtol: 1e-5, atol: 1e-7 })
      const slopes = (...inputs: Tensor[]) =>
        grad(all(reverse)(...inputs), inputs, { createGraph: true })
          .map((d) => d.mul(d).sum())
          .reduce((a, b) => a.add(b))
      gradcheck(slopes, leaves(), { rtol: 1e-5, atol: 1e-6 })
    })

    it('has the same gradients by its kernel and by its composite, whichever of them are needed', () => {
      manualSeed(2)
      const inputs = leaves()
      for (const wanted of [inputs, inputs.slice(1), inputs.slice(0, 2), [inputs[states + 2]]]) {
        for (const input of inputs) input.requiresGrad = wanted.includes(input)
        const byKernel = grad(all(true)(...inputs), wanted)
        const byComposite = grad(all(true)(...inputs), wanted, { createGraph: true })
        for (const [k, gradient] of byKernel.entries()) expectClose(byComposite[k].data, gradient.data, { rtol: 1e-12, atol: 1e-14 })
      }
    })

    it('counts once what one input owes to another', () => {
      manualSeed(3)
      const [x, ...rest] = leaves()
      const shared = (x: Tensor) => all(false)(x, x.select(0, 0), ...rest.slice(1)) // h0 is a part of x: I = H
      const slope = (x: Tensor) => grad(shared(x), [x], { createGraph: true })[0]
      gradcheck(shared, [x])
      gradcheck(slope, [x], { rtol: 1e-5, atol: 1e-6 })
    })

    const ok = () => shapes.map((shape) => zeros(shape))
    const wrong = (place: number, shape: number[]) => () => kernel.onTensors(ok().with(place, zeros(shape)), false)
    it('says what does not fit', () => {
      expect(wrong(0, [n, i])).toThrow(`${name}: x must have shape [T, N, I] (steps, samples, numbers of each input), got [2, 2]`)
      expect(wrong(0, [0, n, i])).toThrow(`${name}: the sequence has no steps: x has shape [0, 2, 2]`)
      expect(wrong(0, [t, n, 5])).toThrow(`${name}: wIh must have shape [${g}, 5]`)
      expect(wrong(1, [n, 3])).toThrow(`${name}: h0 must have shape [2, 2] (2 samples of 2), got [2, 3]`)
      expect(wrong(states + 2, [g + 1, h])).toThrow(`${name}: wHh must have shape [${g}, 2]`)
      expect(wrong(states + 2, [])).toThrow(`${name}: wHh must have shape`)
      expect(wrong(states + 3, [g, 1])).toThrow(`${name}: bIh must have shape [${g}]`)
      expect(wrong(states + 4, [1])).toThrow(`${name}: bHh must have shape [${g}]`)
      const mixed = () => kernel.onTensors(ok().with(1, zeros([n, h], { dtype: 'float64' })), false)
      expect(mixed).toThrow(`${name}: operands differ in dtype: float32 and float64`)
      const whole = () => kernel.onTensors(ok().with(0, zeros([t, n, i], { dtype: 'int32' })), false)
      expect(whole).toThrow(`${name}: expected float tensors, got int32`)
    })

    it('takes no samples at all', () => {
      const none = shapes.map((shape, k) => zeros(k === 0 ? [t, 0, i] : k <= states ? [0, h] : shape))
      expect(kernel.onTensors(none, false).map(({ shape }) => shape)[0]).toEqual([t, 0, h])
    })
  })
}

/** What follows x and the states, by name. */
export function weightsOf([wIh, wHh, bIh, bHh]: readonly Tensor[]): F.SequenceWeights {
  return { wIh, wHh, bIh, bHh }
}
