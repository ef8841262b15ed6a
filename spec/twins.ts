/** The other backends beside the reference: what the specs of the kernels share. */
import fc from 'fast-check'
import { expect } from 'vitest'
import { type Kernels, reference } from '../src/kernels.ts'
import type { HostArray } from '../src/reference/array.ts'
import { createWasm, type Wasm } from '../src/wasm/index.ts'
import type { WasmArray } from '../src/wasm/memory.ts'
import { GpuThread, kernelsIn } from './gpu.ts'

/** What computes the same as the reference does: a build of the wasm backend, or the GPU, whose arrays no spec looks into. */
export interface Twin {
  readonly kernels: Wasm['kernels']
  readonly simd: 'plain' | 'relaxed' | 'webgpu'
  /** How many arrays it holds. */
  held(): number
}

/** Whether these specs are run on the GPU instead, by npm run test:gpu. */
export const onGpu = process.env.GRADUS_TWIN === 'webgpu'

async function gpuTwin(): Promise<Twin> {
  const thread = await GpuThread.start()
  return { kernels: kernelsIn(thread) as unknown as Wasm['kernels'], simd: 'webgpu', held: () => thread.stats().arrays }
}

function wasmTwin(simd: 'plain' | 'relaxed'): Twin {
  const { kernels, memory } = createWasm({ simd, threads: 2 })
  return { kernels, simd, held: () => memory.stats().arrays }
}

/** Both builds of the wasm backend, each with a memory of its own; or the GPU. */
export const builds: Twin[] = onGpu ? [await gpuTwin()] : [wasmTwin('plain'), wasmTwin('relaxed')]

/** A computation that any backend can carry out. */
export type Computation = <A>(kernels: Kernels<A>, ...inputs: A[]) => A

/** What a twin makes of the inputs. */
export function onWasm({ kernels }: Pick<Twin, 'kernels'>, compute: Computation, ...inputs: HostArray[]): HostArray {
  const arrays = inputs.map((x) => kernels.upload(x))
  const y = compute<WasmArray>(kernels, ...arrays)
  const result = kernels.download(y, 'spec')
  for (const x of new Set([...arrays, y])) kernels.release(x)
  return result
}

/** What the reference makes of the same numbers, in float64. */
export function inDouble(compute: Computation, ...inputs: HostArray[]): HostArray {
  return compute<HostArray>(reference, ...inputs.map((x) => (x instanceof Float32Array ? Float64Array.from(x) : x)))
}

export interface Bound {
  /** Units in the last place of the expected number, in float32. */
  ulp?: number
  /** Absolute, for all elements or for each. */
  abs?: number | ((i: number) => number)
}

/** The distance of neighbouring float32 numbers at x. */
export function ulpOf(x: number): number {
  return 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), -126) - 23)
}

const MAX_FLOAT = 3.4028234663852886e38

/** Whether a float32 number is near enough to the expected float64 number. */
export function isNear(actual: number, expected: number, { ulp = 0, abs = 0 }: { ulp?: number; abs?: number }): boolean {
  if (Number.isNaN(expected)) return Number.isNaN(actual)
  if (actual === Math.fround(expected)) return true
  if (!Number.isFinite(expected)) return false
  const bound = ulp * ulpOf(expected) + abs
  if (!Number.isFinite(actual)) return Math.abs(expected) + bound > MAX_FLOAT && Math.sign(actual) === Math.sign(expected)
  return Math.abs(actual - expected) <= bound
}

export function expectNear(actual: HostArray, expected: HostArray, { ulp, abs = 0 }: Bound, context = ''): void {
  expect(actual.length).toBe(expected.length)
  for (let i = 0; i < expected.length; i++) {
    const bound = { ulp, abs: typeof abs === 'number' ? abs : abs(i) }
    if (!isNear(actual[i], expected[i], bound) && !isFlushed(actual[i], expected[i])) {
      const error = Math.abs(actual[i] - expected[i])
      expect.fail(`${context} element ${i}: got ${actual[i]}, expected ${expected[i]}, off by ${error / ulpOf(expected[i])} ulp, ${error}`)
    }
  }
}

/** WGSL leaves open whether denormal numbers count as 0: none are handed to the GPU, and where one is due it may give 0. */
const isDenormal = (x: number) => x !== 0 && Math.abs(x) < 2 ** -126
const isFlushed = (actual: number, expected: number) => onGpu && actual === 0 && Math.abs(expected) < 1.000001 * 2 ** -126
const kindsFor = (x: Float32Array) => (onGpu ? x.filter((value) => !isDenormal(value)) : x)

/** How far a division may be off, in ulp: WGSL asks for less than IEEE 754 does. */
export const DIVISION = onGpu ? 2.5 : 0.5

/**
 * How often a sum of a row of n numbers may be rounded. On wasm trees of eight are summed in float32, and the rest in float64. On the GPU 64 threads each sum
 * every 64th number, and join what they have in two rounds of eight.
 */
export const additions = (n: number) => (onGpu ? Math.min(n - 1, Math.ceil(n / 64) + 13) : n < 32 ? 0 : 3)

/** How far ln Σ e^(x - max x) of n numbers may be off below 8: 1 ulp, and by what Σ is off relatively, 1.2 ulp of each e^x and its own roundings. */
export const lnSumError = (n: number) => 2 ** -21 + (4 + additions(n)) * 2 ** -24

/** The twins do as the reference does, within the bound. */
export function expectTwins(compute: Computation, inputs: HostArray[], bound: Bound = {}): void {
  const expected = inDouble(compute, ...inputs)
  for (const build of builds) expectNear(onWasm(build, compute, ...inputs), expected, bound, build.simd)
}

/** A small generator, so that a large array is one seed to fast-check (Marsaglia 2003, xorshift32). */
export function randomOf(seed: number): () => number {
  let s = seed | 0 || 1
  return () => {
    s ^= s << 13
    s ^= s >>> 17
    s ^= s << 5
    return (s >>> 0) / 2 ** 32
  }
}

export interface Range {
  min?: number
  max?: number
}

/** So many runs of a property; a third of them on the GPU, where a software adapter takes long for each. */
export const runs = (n: number) => ({ numRuns: onGpu ? Math.ceil(n / 3) : n })

/** n float32 numbers, evenly distributed. */
export function numbers(seed: number, n: number, { min = -4, max = 4 }: Range = {}): Float32Array {
  const random = randomOf(seed)
  return Float32Array.from({ length: n }, () => min + (max - min) * random())
}

/** n int32 numbers from 0 to below `end`. */
export function places(seed: number, n: number, end: number): Int32Array {
  const random = randomOf(seed)
  return Int32Array.from({ length: n }, () => Math.floor(random() * end))
}

export const double = (x: HostArray): Float64Array => Float64Array.from(x)

export const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 })

/** Lengths: none, one, around the width of a vector, a line, a group, and some large ones. */
export const lengths = fc.oneof(fc.integer({ min: 0, max: 70 }), fc.constantFrom(0, 1, 127, 128, 129, 1000, 4099))

/** A few numbers that are not near any special place. */
export const shortLengths = fc.integer({ min: 1, max: 12 })

export function dot(a: HostArray, b: HostArray): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

/** Σ |a_i · b_i|, the scale of rounding errors of a dot product. */
export function scale(a: HostArray, b?: HostArray): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] * (b ? b[i] : 1))
  return sum
}

/**
 * A backward pass against central differences, in float64: with L = Σ dy · f(x), dL/dx_i = (L(x + h·e_i) - L(x - h·e_i)) / 2h.
 * The relative error stays below 1e-6.
 */
export function expectBackward(
  f: (...xs: Float64Array[]) => HostArray,
  backward: (dy: Float64Array, ...xs: Float64Array[]) => (HostArray | null)[],
  xs: Float64Array[],
): void {
  const dy = double(numbers(7, f(...xs).length, { min: 0.5, max: 1.5 }))
  const gradients = backward(dy, ...xs)
  gradients.forEach((gradient, k) => {
    if (gradient === null) return
    expect(gradient.length).toBe(xs[k].length)
    for (let i = 0; i < xs[k].length; i++) {
      const h = 1e-5 * Math.max(1, Math.abs(xs[k][i]))
      const at = (x: number) => {
        const moved = xs[k].slice()
        moved[i] = x
        return dot(dy, f(...xs.with(k, moved)))
      }
      const slope = (at(xs[k][i] + h) - at(xs[k][i] - h)) / (2 * h)
      if (Math.abs(gradient[i] - slope) > 1e-6 * Math.max(1, Math.abs(slope))) {
        expect.fail(`argument ${k}, element ${i}, x = ${xs[k][i]}: backward gives ${gradient[i]}, differences give ${slope}`)
      }
    }
  })
}

/** The numbers at which something changes: zeros, infinities, NaN, denormals, and where e^x leaves the range. */
export const corners = kindsFor(
  Float32Array.from(
    `0 -0 1 -1 0.5 -0.5 Infinity -Infinity NaN 1e-45 -1e-45 1.1754942e-38 1.17549435e-38 -1.17549435e-38 88.72283 88.72284 89 100
     -87.33654 -87.4 -88 -103.27 -103.98 -104 -1000 1e30 -1e30 3.4028235e38 -3.4028235e38`.split(/\s+/),
    Number,
  ),
)

/** 2^18 numbers, spread evenly over all bit patterns of float32: every exponent, both signs, NaN. */
export function everyKind(seed: number): Float32Array {
  const random = randomOf(seed)
  const bits = Uint32Array.from({ length: 2 ** 18 }, (_, i) => i * 2 ** 14 + Math.floor(random() * 2 ** 14))
  return kindsFor(new Float32Array(bits.buffer))
}
