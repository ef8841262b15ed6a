/** Sub-groups: what kernels compute with them and without, and for sizes that the adapter here does not have. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reference } from '../src/kernels.ts'
import { requestDevice } from '../src/webgpu/device.ts'
import { special } from '../src/webgpu/functions.ts'
import { createWebGpu, type WebGpu } from '../src/webgpu/index.ts'
import { params as lineParams, lineSum, linesOf, start, THREADS } from '../src/webgpu/lines.ts'
import type { GpuArray } from '../src/webgpu/memory.ts'
import type { Source } from '../src/webgpu/program.ts'
import { ROW_THREADS, rowReductions } from '../src/webgpu/workgroup.ts'
import { expectNear, numbers, places, seeds } from './twins.ts'

const withThem = await createWebGpu()
const without = await createWebGpu({ device: await requestDevice([]) })
const isThere = withThem.gpu.hasSubgroups

type Run = (kernels: WebGpu['kernels']) => GpuArray

/** What both devices make of the same. */
async function onBoth(run: Run): Promise<Float32Array[]> {
  const read = async ({ kernels }: WebGpu) => (await kernels.read(run(kernels), 'spec')) as Float32Array
  return [await read(withThem), await read(without)]
}

describe('a device', () => {
  it('that was requested without sub-groups computes without them', () => {
    expect(without.gpu.device.features.has('subgroups')).toBe(false)
    expect(without.gpu.hasSubgroups).toBe(false)
  })

  it.runIf(isThere)('that has them numbers its threads by them, but not where places are empty', async () => {
    for (const threads of [64, 6]) {
      const { gpu } = withThem
      const source: Source = {
        name: 'numbers',
        reads: {},
        writes: { y: 'i32' },
        params: { n: 'u32' },
        workgroup: [threads, 1, 1],
        subgroups: true,
        main: `  var ofOther = i32(local);
  for (var distance = p.n; distance < subgroup; distance *= 2) { ofOther = exchange_i32(ofOther, distance); }
  y[2 * local] = i32(subgroup);
  y[2 * local + 1] = ofOther;`,
      }
      const y = gpu.allocate('numbers', 'int32', 2 * threads)
      gpu.run(source, { y }, { n: 1 }, 1)
      const found = await gpu.memory.read(y, 'numbers')
      const [size] = found
      const { subgroupMaxSize = 128 } = gpu.device.adapterInfo
      expect(size > 1).toBe(threads === 64 && subgroupMaxSize <= 64)
      for (let i = 0; i < threads; i++) expect([found[2 * i], found[2 * i + 1]]).toEqual([size, i ^ (size - 1)]) // exchanged over all distances
    }
  })
})

describe.runIf(isThere)('with sub-groups and without', () => {
  it('sums have the same bits', async () => {
    const shapes = fc.constantFrom([1, 1, 1], [1, 1003, 1], [3, 77, 1], [1, 300, 2], [2, 129, 33], [1, 9000, 1], [1, 40, 100])
    await fc.assert(
      fc.asyncProperty(seeds, shapes, async (seed, [outer, n, inner]) => {
        const x = numbers(seed, outer * n * inner)
        const [one, other] = await onBoth((kernels) => kernels.sum(kernels.upload(x), { outer, n, inner }))
        expect(one).toEqual(other)
        const whole = places(seed, outer * n * inner, 1000)
        const [ints, others] = await onBoth((kernels) => kernels.sum(kernels.upload(whole), { outer, n, inner }))
        expect(ints).toEqual(others)
        expect(ints).toEqual(reference.sum(whole, { outer, n, inner }))
      }),
      { numRuns: 15 },
    )
  })

  it('rows have the same softmax, within rounding', async () => {
    for (const c of [1, 3, 63, 64, 65, 1000]) {
      const x = numbers(c, 5 * c)
      const softmaxes = await onBoth((kernels) => kernels.softmax(kernels.upload(x), { n: 5, c }))
      for (const y of softmaxes) expectNear(y, reference.softmax(Float64Array.from(x), { n: 5, c }), { abs: 1e-6 })
    }
  })
})

/** Sub-groups of any size, played through workgroup memory. */
const exchange = `
var<private> me: u32;
var<workgroup> played: array<f32, 256>;
fn exchange_f32(x: f32, distance: u32) -> f32 {
  workgroupBarrier();
  played[me] = x;
  workgroupBarrier();
  return played[me ^ distance];
}`

describe('sub-groups of any size', () => {
  const { gpu, kernels } = without

  /** Of whole numbers, of which every sum is exact. */
  const x = Float32Array.from(places(1, 1000, 2000), (value) => value - 1000)

  it.each([1, 4, 8, 16, 32, 64])('have the sum and the maximum of a row: %s', async (size) => {
    const source: Source = {
      name: 'rows',
      reads: { x: 'f32' },
      writes: { y: 'f32' },
      params: { size: 'u32' },
      workgroup: [ROW_THREADS, 1, 1],
      declarations: `${special}${exchange}${rowReductions}`,
      main: `  me = local;
  for (var i = 0u; i < 3u; i++) {
    let mine = x[i * ${ROW_THREADS}u + local];
    y[2u * (i * ${ROW_THREADS}u + local)] = rowSum(local, p.size, mine);
    y[2u * (i * ${ROW_THREADS}u + local) + 1u] = rowMax(local, p.size, mine);
  }`,
    }
    const y = gpu.allocate('rows', 'float32', 6 * ROW_THREADS)
    gpu.run(source, { x: kernels.upload(x), y }, { size }, 1)
    const row = (i: number) => [...x.subarray(i * ROW_THREADS, (i + 1) * ROW_THREADS)]
    const expected = [0, 1, 2].flatMap((i) => row(i).flatMap(() => [row(i).reduce((a, b) => a + b), Math.max(...row(i))]))
    expect([...(await gpu.memory.read(y, 'rows'))]).toEqual(expected)
  })

  it.each([1, 4, 8, 16, 32, 64, 128])('have the sums of lines: %s', async (size) => {
    for (const axis of [
      { outer: 1, n: 200, inner: 5 },
      { outer: 5, n: 200, inner: 1 },
      { outer: 300, n: 3, inner: 1 },
      { outer: 1, n: 8, inner: 100 },
    ]) {
      const source: Source = {
        name: 'lines',
        reads: { x: 'f32' },
        writes: { y: 'f32' },
        params: { ...lineParams, size: 'u32' },
        declarations: `${exchange}${lineSum('f32')}`,
        main: `${start}
  me = local;
  var part = 0.0;
  if (isThere) { for (var j = begin + lane; j < end; j += p.lanes) { part += x[line + j * p.inner]; } }
  let sum = lineSum(local, p.size, lane, part);
  if (isThere && lane == 0u) { y[result] = sum; }`,
      }
      const lines = linesOf(axis)
      const y = gpu.allocate('lines', 'float32', axis.outer * lines.chunks * axis.inner)
      const groups = Math.ceil((axis.outer * lines.chunks * lines.tiles) / (THREADS / (lines.width * lines.lanes)))
      const ofAxis = x.subarray(0, axis.outer * axis.n * axis.inner)
      gpu.run(source, { x: kernels.upload(ofAxis.slice()), y }, { ...lines, size }, groups)
      expect(lines.chunks).toBe(1)
      expect(await gpu.memory.read(y, 'lines')).toEqual(reference.sum(ofAxis, axis))
    }
  })
})
