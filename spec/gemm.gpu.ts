/** The product on tiles: each tile, each way to load and to store, whole and in parts, on sizes that no tile divides. */
import { describe, expect, it } from 'vitest'
import { reference } from '../src/kernels.ts'
import type { HostArray } from '../src/reference/array.ts'
import type { MatmulOptions } from '../src/reference/matmul.ts'
import { type Gemm, runGemm } from '../src/webgpu/gemm.ts'
import { createWebGpu } from '../src/webgpu/index.ts'
import { productOf } from '../src/webgpu/kernels/matmul.ts'
import { type Plan, planOf, tilesFor } from '../src/webgpu/tiles.ts'
import { RATES } from '../src/webgpu/tuned.ts'
import { expectNear, numbers, places } from './twins.ts'

const { gpu, kernels } = await createWebGpu()

/** Whole numbers, whose products are exact in any order: each must be where it belongs. */
const whole = (seed: number, n: number) => Float32Array.from(places(seed, n, 19), (v) => v - 9)

async function onTile(o: Required<MatmulOptions>, plan: Plan, a: HostArray, b: HostArray): Promise<HostArray> {
  const y = gpu.allocate('matmul', 'float32', o.batch * o.m * o.n)
  runGemm(gpu, productOf('matmul', o, false), o, { a: kernels.upload(a), b: kernels.upload(b), y }, {}, plan)
  return gpu.memory.read(y, 'matmul')
}

const tiles = tilesFor(false)

/** Sizes that no vector divides, and sizes that vectors divide, but no tile. */
const odd = { m: 137, k: 45, n: 131, batch: 2 }
const even = { m: 140, k: 44, n: 132, batch: 2 }

/** Every layout, and every way to load and to store: a kernel is compiled for each. */
const layouts = [
  { ...odd, transA: false, transB: false },
  { ...even, transA: false, transB: true },
  { ...odd, transA: true, transB: false },
  { ...even, transA: true, transB: true },
]

async function expectExact(o: Required<MatmulOptions>, plan: Plan): Promise<void> {
  const [a, b] = [whole(o.m, o.batch * o.m * o.k), whole(o.n, o.batch * o.k * o.n)]
  expectNear(await onTile(o, plan, a, b), reference.matmul(a, b, o), {}, JSON.stringify({ ...o, ...plan }))
}

describe.each(tiles)('a product on %s tiles', (tile) => {
  it('is the definition in all layouts', async () => {
    for (const o of layouts) await expectExact(o, { tile, parts: 1 })
  })

  it('is the same in parts, also where some parts are empty', async () => {
    for (const parts of [2, 5]) await expectExact(layouts[1], { tile, parts })
  })

  it('of one row, of one column', async () => {
    await expectExact({ ...layouts[0], m: 1 }, { tile, parts: 1 })
    await expectExact({ ...layouts[0], n: 1 }, { tile, parts: 1 })
  })
})

describe.runIf(gpu.hasSubgroups)('a product by quads', () => {
  it.each(['large', 'medium', 'small'] as const)('on %s tiles has the same bits as without them', async (tile) => {
    for (const [o, parts] of [
      [layouts[0], 1],
      [layouts[1], 2],
    ] as const) {
      const [a, b] = [numbers(1, o.batch * o.m * o.k), numbers(2, o.batch * o.k * o.n)]
      expectNear(
        await onTile(o, { tile: `${tile}ByQuads`, parts }, a, b),
        await onTile(o, { tile, parts }, a, b),
        {},
        JSON.stringify({ ...o, parts }),
      )
    }
  })
})

describe('a product', () => {
  it('of nothing is 0, in parts too', async () => {
    for (const parts of [1, 2]) await expectExact({ ...layouts[0], k: 0 }, { tile: 'small', parts })
  })

  it('of odd lines is the same in parts', async () => {
    await expectExact(layouts[0], { tile: 'small', parts: 3 })
  })
})

describe('a plan', () => {
  it('has large tiles where they fill the device, and parts where tiles are few', () => {
    expect(planOf({ m: 4096, k: 4096, n: 4096, batch: 1 }, true)).toEqual({ tile: 'large', parts: 1 })
    expect(planOf({ m: 1, k: 4096, n: 4096, batch: 1 }, true).tile).toBe('wide')
    expect(planOf({ m: 4096, k: 4096, n: 1, batch: 1 }, true).tile).toBe('tall')
    expect(planOf({ m: 16, k: 100_000, n: 16, batch: 1 }, true).parts).toBeGreaterThan(4)
  })

  it('has no tile that has not been measured, nor one for sub-groups without them', () => {
    const sides = [1, 8, 30, 64, 200, 1000, 4096]
    const plans = [true, false].map((hasSubgroups) => sides.map((n) => planOf({ m: n, k: n, n, batch: 1 }, hasSubgroups).tile))
    for (const tile of new Set(plans.flat())) expect(RATES[tile].full).toBeGreaterThan(0)
    for (const tile of plans[1]) expect(tile).not.toMatch(/ByQuads/)
  })
})

describe('a product of loads of its own', () => {
  it('has what they give as its factors', async () => {
    const places: Gemm = {
      name: 'places',
      reads: {},
      writes: { y: 'f32' },
      params: { factor: 'f32' },
      a: { along: 'k', load: 'return f32(s * 100u + i * 10u + k);' },
      b: { along: 'across', load: 'return select(0.0, p.factor, i == k);' }, // a unit matrix, scaled
      store: 'y[(s * p.m + i) * p.n + j] = value;',
    }
    const y = gpu.allocate('places', 'float32', 2 * 3 * 4)
    runGemm(gpu, places, { m: 3, n: 4, k: 4, batch: 2 }, { y }, { factor: 0.5 })
    const expected = [0, 1].flatMap((s) => [0, 1, 2].flatMap((i) => [0, 1, 2, 3].map((j) => (s * 100 + i * 10 + j) / 2)))
    expect([...(await gpu.memory.read(y, 'places'))]).toEqual(expected)
  })
})
