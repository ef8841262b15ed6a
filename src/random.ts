/**
 * Random numbers, drawn as PyTorch's CPU generator draws them: same seed, same numbers.
 *
 * The engine is the Mersenne Twister MT19937 (Matsumoto & Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform
 * pseudo-random number generator", ACM TOMACS 8(1), 1998): 624 words of state, each draw 32 bits. Everything else here is a way to
 * turn those bits into a uniform number, a normal number, an integer or a permutation.
 */

import { expect } from './errors.ts'

export type FloatArray = Float32Array | Float64Array

const N = 624 // words of state
const M = 397 // distance between the words that are mixed
const TWO_32 = 2 ** 32
const INT32_MIN = -(2 ** 31)
const INT32_END = 2 ** 31

export class Generator {
  private readonly state = new Uint32Array(N)
  private position = N // the next word to hand out; N: twist first
  private spareNormal: number | undefined // Box-Muller makes normal numbers in pairs; this is the second one

  /** @param seed any integer, see `manualSeed` */
  constructor(seed: number) {
    this.manualSeed(seed)
  }

  /**
   * Starts again from `seed`. As in PyTorch only the low 32 bits of its two's complement count, so -1 and 2^32 - 1 are one seed.
   * @throws GradusError if `seed` is no integer, or is beyond ±(2^53 - 1), where a JavaScript number loses its low bits
   */
  manualSeed(seed: number): this {
    expect(Number.isSafeInteger(seed), 'manualSeed', () => `seed must be an integer within ±(2^53 - 1), got ${seed}`)
    this.state[0] = seed // a Uint32Array keeps a number modulo 2^32
    for (let i = 1; i < N; i++) {
      const previous = this.state[i - 1] ^ (this.state[i - 1] >>> 30)
      this.state[i] = Math.imul(1812433253, previous) + i
    }
    this.position = N
    this.spareNormal = undefined
    return this
  }

  /** An integer in [0, 2^32), all values equally likely. */
  random32(): number {
    if (this.position === N) this.twist()
    let y = this.state[this.position++]
    y ^= y >>> 11 // tempering: spreads the bits of a word that are too regular by themselves
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }

  /** The next 624 words: s_k = s_{k+M} xor A·(the high bit of s_k, the low 31 bits of s_{k+1}), indices modulo N. */
  private twist(): void {
    const s = this.state
    for (let k = 0; k < N; k++) {
      const y = (s[k] & 0x80000000) | (s[k + 1 < N ? k + 1 : 0] & 0x7fffffff)
      s[k] = s[k + M < N ? k + M : k + M - N] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
    }
    this.position = 0
  }

  /** A number in [0, 1) on a grid of 2^-24: the low 24 bits of one draw, all that a float32 holds. */
  private unit32(): number {
    return (this.random32() & 0xffffff) * 2 ** -24
  }

  /** A number in [0, 1) on a grid of 2^-53: the low 53 bits of two draws (the high word first), all that a float64 holds. */
  private unit64(): number {
    const high = this.random32() & 0x1fffff
    return (high * TWO_32 + this.random32()) * 2 ** -53
  }

  /**
   * Fills `out` with uniform numbers in [low, high), x = u · (high - low) + low, and returns it.
   * The array says the precision: a Float32Array takes one 32-bit draw for each number, a Float64Array two.
   * @throws GradusError unless low <= high, both finite
   */
  uniform<A extends FloatArray>(out: A, low = 0, high = 1): A {
    const single = out instanceof Float32Array
    const round = rounding(out)
    const from = round(low)
    const width = round(round(high) - from)
    expect(low <= high && Number.isFinite(width), 'uniform', () => `expected finite low <= high, got low ${low}, high ${high}`)
    for (let i = 0; i < out.length; i++) {
      const u = single ? this.unit32() : this.unit64()
      out[i] = u * width + from // in float32 rounded once, on storing: PyTorch's fused multiply-add
    }
    return out
  }

  /**
   * Fills `out` with normal numbers of the given mean and standard deviation, and returns it, by Box & Muller ("A note on the
   * generation of random normal deviates", 1958): from two uniform numbers come a radius sqrt(-2 ln u1) and an angle 2π·u2, and
   * radius · cos(angle) and radius · sin(angle) are two independent normal numbers.
   *
   * Like PyTorch, fewer than 16 numbers are computed one by one in float64, and the second of a pair waits for the next call. From
   * 16 on they come in blocks of 16 in the precision of `out`; where the last block is not full, the last 16 numbers are drawn anew.
   * @throws GradusError unless the mean is finite and 0 <= std < Infinity
   */
  normal<A extends FloatArray>(out: A, mean = 0, std = 1): A {
    expect(Number.isFinite(mean), 'normal', () => `mean must be finite, got ${mean}`)
    expect(std >= 0 && std < Infinity, 'normal', () => `std must be finite and at least 0, got ${std}`)
    const n = out.length
    if (n < 16) {
      for (let i = 0; i < n; i++) out[i] = this.oneNormal() * std + mean
      return out
    }
    this.uniform<FloatArray>(out)
    for (let start = 0; start + 16 <= n; start += 16) boxMuller16(out, start, mean, std)
    if (n % 16 !== 0) {
      this.uniform(out.subarray(n - 16))
      boxMuller16(out, n - 16, mean, std)
    }
    return out
  }

  /** One standard normal number in float64; here ln(1 - u2) gives the radius and u1 the angle. */
  private oneNormal(): number {
    if (this.spareNormal !== undefined) {
      const spare = this.spareNormal
      this.spareNormal = undefined
      return spare
    }
    const u1 = this.unit64()
    const u2 = this.unit64()
    const radius = Math.sqrt(-2 * Math.log1p(-u2))
    const angle = 2 * Math.PI * u1
    this.spareNormal = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }

  /** Fills `out` with 1 (probability p) and 0, and returns it: 1 where a float64 uniform number is below p. */
  bernoulli<A extends FloatArray>(out: A, p: number): A {
    checkProbability('bernoulli', p)
    for (let i = 0; i < out.length; i++) out[i] = this.unit64() < p ? 1 : 0
    return out
  }

  /**
   * Fills `out` with the factors of dropout, and returns it: 0 with probability p, else 1 / (1 - p), so that the mean stays 1
   * (Srivastava et al., "Dropout", JMLR 15, 2014, in its inverted form). p = 0 and p = 1 draw nothing, as in PyTorch.
   */
  dropoutMask<A extends FloatArray>(out: A, p: number): A {
    checkProbability('dropout', p)
    if (p === 0 || p === 1) {
      out.fill(1 - p)
      return out
    }
    const keep = rounding(out)(1 - p)
    this.bernoulli(out, 1 - p)
    for (let i = 0; i < out.length; i++) out[i] /= keep
    return out
  }

  /**
   * n integers in [low, high), the bounds int32: low + draw mod (high - low).
   * @throws GradusError unless -2^31 <= low < high <= 2^31, all integers
   */
  randint(low: number, high: number, n: number): Int32Array {
    const valid = Number.isInteger(low) && Number.isInteger(high) && INT32_MIN <= low && low < high && high <= INT32_END
    expect(valid, 'randint', () => `expected integers -2^31 <= low < high <= 2^31, got low ${low}, high ${high}`)
    checkCount('randint', n)
    const range = high - low
    const values = new Int32Array(n)
    for (let i = 0; i < n; i++) {
      if (range === TWO_32) this.random32() // such a range takes a 64-bit draw, of which mod 2^32 leaves the low word
      values[i] = low + (this.random32() % range)
    }
    return values
  }

  /** A permutation of 0 ... n - 1, all equally likely, by Fisher & Yates (1938): each place swaps with itself or one after it. */
  randperm(n: number): Int32Array {
    checkCount('randperm', n)
    const order = new Int32Array(n)
    for (let i = 0; i < n; i++) order[i] = i
    for (let i = 0; i < n - 1; i++) {
      const j = i + (this.random32() % (n - i))
      const swapped = order[i]
      order[i] = order[j]
      order[j] = swapped
    }
    return order
  }
}

/** Turns 16 uniform numbers from `start` on into normal ones, in place: the first 8 give the radii, the last 8 the angles. */
function boxMuller16(out: FloatArray, start: number, mean: number, std: number): void {
  const round = rounding(out)
  const tau = round(2 * Math.PI)
  const scale = round(std)
  const shift = round(mean)
  for (let j = start; j < start + 8; j++) {
    const u1 = 1 - out[j] // (0, 1]: the logarithm of 0 never comes up
    const u2 = out[j + 8]
    const radius = round(Math.sqrt(-2 * round(Math.log(u1))))
    const angle = round(tau * u2)
    out[j] = round(radius * round(Math.cos(angle))) * scale + shift
    out[j + 8] = round(radius * round(Math.sin(angle))) * scale + shift
  }
}

/** How one step of a computation in the precision of `out` is rounded: float32 numbers equal PyTorch's only if each step is. */
function rounding(out: FloatArray): (x: number) => number {
  return out instanceof Float32Array ? Math.fround : identity
}

function identity(x: number): number {
  return x
}

function checkProbability(operation: string, p: number): void {
  expect(p >= 0 && p <= 1, operation, () => `p must be a probability, 0 to 1, got ${p}`)
}

function checkCount(operation: string, n: number): void {
  expect(Number.isInteger(n) && n >= 0 && n < INT32_END, operation, () => `n must be an integer of at least 0, got ${n}`)
}

/** The generator that everything draws from unless told otherwise. Its first seed is different in every run: call `manualSeed`. */
export const defaultGenerator = new Generator(Math.floor(Math.random() * TWO_32))

/** Seeds `defaultGenerator`. Errors as `Generator.manualSeed`. */
export function manualSeed(seed: number): Generator {
  return defaultGenerator.manualSeed(seed)
}

/**
 * The order in which one epoch of PyTorch's DataLoader visits n samples. It draws a 64-bit seed for worker processes (also
 * without shuffling, and without workers), then with `shuffle` a second one, with which a fresh generator permutes 0 ... n - 1.
 */
export function epochOrder(n: number, shuffle: boolean, generator = defaultGenerator): Int32Array {
  checkCount('epochOrder', n)
  drawSeed(generator)
  if (shuffle) return new Generator(drawSeed(generator)).randperm(n)
  return Int32Array.from({ length: n }, (_, i) => i)
}

/** A 64-bit draw (the high word first) of which only the low word remains, since that is all a seed counts for. */
function drawSeed(generator: Generator): number {
  generator.random32()
  return generator.random32()
}
