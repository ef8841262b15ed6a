import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DType, HostArray } from '../src/reference/array.ts'
import { cast } from '../src/reference/cast.ts'
import { builds, onGpu, type Twin } from './twins.ts'

function onTwin({ kernels }: Pick<Twin, 'kernels'>, x: HostArray, dtype: DType): HostArray {
  const given = kernels.upload(x)
  const made = kernels.cast(given, { dtype, operation: 'to' })
  try {
    return kernels.download(made, 'spec')
  } finally {
    kernels.release(given)
    kernels.release(made)
  }
}

/** Integers that float32 holds, up to the ends of int32. */
const integers = fc.oneof(
  fc.integer({ min: -(2 ** 24), max: 2 ** 24 }),
  fc.integer({ min: -(2 ** 24), max: 2 ** 24 - 1 }).map((n) => 128 * n),
)

describe('cast', () => {
  it('rounds to the nearest, as typed arrays do', () => {
    expect(cast(Float64Array.of(0.1, 1e40), { dtype: 'float32', operation: 'to' })).toEqual(Float32Array.of(0.1, Infinity))
    expect(cast(Int32Array.of(2 ** 24 + 1), { dtype: 'float32', operation: 'to' })).toEqual(Float32Array.of(2 ** 24))
  })

  it('between float32 and int32 keeps every integer that both can hold, on the twins', () => {
    const property = fc.property(fc.array(integers, { maxLength: 40 }), (values) => {
      const [float, int] = [Float32Array.from(values, (v) => v + 0), Int32Array.from(values)]
      for (const build of builds) {
        expect(onTwin(build, float, 'int32')).toEqual(int)
        expect(onTwin(build, int, 'float32')).toEqual(float)
      }
    })
    fc.assert(property, { numRuns: onGpu ? 30 : 200 })
  })

  it('gives a copy where nothing is to be converted', () => {
    for (const build of builds) expect(onTwin(build, Float32Array.of(0.5, -1), 'float32')).toEqual(Float32Array.of(0.5, -1))
    for (const build of builds) expect(onTwin(build, Int32Array.of(2 ** 31 - 1), 'int32')).toEqual(Int32Array.of(2 ** 31 - 1))
  })

  it.each([1.5, -0.25, 2 ** 31, -(2 ** 31) - 256, Number.NaN, Infinity, -Infinity, 1e-45])('refuses %s as int32', (value) => {
    const x = Float32Array.of(1, value, 2)
    const message = /^to: int32 takes integers between -2\^31 and 2\^31 - 1, got \S+ at place 1$/
    expect(() => cast(x, { dtype: 'int32', operation: 'to' })).toThrow(message)
    for (const build of builds) expect(() => onTwin(build, x, 'int32')).toThrow(message)
  })
})
