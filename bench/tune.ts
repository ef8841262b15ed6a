/** `npm run bench -- --tune webgpu`: measures the tiles of the matrix product on this adapter, and writes what products are planned by. */
import { writeFileSync } from 'node:fs'
import { eachSource, runEach } from '../src/webgpu/each.ts'
import { runGemm } from '../src/webgpu/gemm.ts'
import { createWebGpu, type WebGpu } from '../src/webgpu/index.ts'
import { productOf } from '../src/webgpu/kernels/matmul.ts'
import { type Rate, TILES, type TileName, tilesFor } from '../src/webgpu/tiles.ts'
import { adapterOf, gpuWork, gpuYardsticks, settle } from './gpu.ts'
import { median, type Task, time, warmUp } from './measure.ts'
import { numbers } from './work.ts'

const FILE = new URL('../src/webgpu/tuned.ts', import.meta.url)
const ROUNDS = 5
/** Milliseconds of a round; and of a call, beyond which a larger product is not tried. */
const [ROUND, LONGEST] = [40, 250]
/** The length of the sum, and the most rows and columns. */
const [LENGTH, SIDE] = [4096, 4096]
/** A device is full where twice the workgroups are faster by less than this. */
const FULL = 1.05

/** Milliseconds per call. */
async function measure(webgpu: WebGpu, task: Task): Promise<number> {
  const done = () => settle(webgpu)
  const perCall = await warmUp(task, { atLeast: ROUND, atMost: 5 * ROUND }, done)
  const rounds: number[] = []
  for (let i = 0; i < ROUNDS; i++) rounds.push(await time(task, Math.max(1, Math.ceil(ROUND / perCall)), done))
  return median(rounds)
}

/** GFLOP/s of a product that is so many tiles high, wide, and in parts. */
async function rateOf(webgpu: WebGpu, name: TileName, [high, wide, parts]: readonly number[]): Promise<{ rate: number; ms: number }> {
  const { gpu, kernels } = webgpu
  const tile = TILES[name]
  const sizes = { m: high * tile.m, n: wide * tile.n, k: LENGTH, batch: 1 }
  const [a, b] = [kernels.upload(numbers(sizes.m * LENGTH, 1)), kernels.upload(numbers(LENGTH * sizes.n, 2))]
  const y = gpu.allocate('matmul', 'float32', sizes.m * sizes.n)
  const ms = await measure(webgpu, () => runGemm(gpu, productOf('matmul', sizes, false), sizes, { a, b, y }, {}, { tile: name, parts }))
  for (const array of [a, b, y]) kernels.release(array)
  return { rate: (2 * sizes.m * sizes.n * LENGTH) / 1e6 / ms, ms }
}

/** Ever more workgroups: for square tiles of larger matrices, for narrow ones of parts of the sum. */
function growth(name: TileName): number[][] {
  const { m, n } = TILES[name]
  const steps: number[][] = []
  if (m === n) for (let side = 2; side * m <= SIDE; side *= 2) steps.push([side, side, 1])
  else for (let parts = 1; parts <= 64; parts *= 2) steps.push(m < n ? [1, SIDE / n, parts] : [SIDE / m, 1, parts])
  return steps
}

async function tileRate(webgpu: WebGpu, name: TileName): Promise<Rate> {
  if (!tilesFor(webgpu.gpu.hasSubgroups).includes(name)) return { alone: 0, full: 0 } // and so is never planned with
  const alone = await rateOf(webgpu, name, [1, 1, 1])
  let [full, last] = [alone.rate, alone]
  for (const step of growth(name)) {
    if (last.ms > LONGEST) break
    last = await rateOf(webgpu, name, step)
    const isFull = last.rate < FULL * full
    full = Math.max(full, last.rate)
    if (isFull) break
  }
  return { alone: round(alone.rate), full: round(full) }
}

/** Three digits: more is noise. */
const round = (rate: number): number => Number(rate.toPrecision(3))

async function copyRate(webgpu: WebGpu): Promise<number> {
  const [, { name, work }] = gpuYardsticks(adapterOf(webgpu)).copy
  const { run, release } = await gpuWork(webgpu)[name]()
  const ms = await measure(webgpu, run)
  release?.()
  return round((work * 1e3) / ms)
}

/** Microseconds that a kernel costs which does nothing. */
async function launchTime(webgpu: WebGpu): Promise<number> {
  const { gpu, kernels } = webgpu
  const nothing = eachSource('nothing', { reads: {}, writes: { y: 'f32' }, body: 'y[i] = 1.0;' })
  const y = gpu.allocate('nothing', 'float32', 1)
  const ms = await measure(webgpu, () => runEach(gpu, nothing, 1, { y }))
  kernels.release(y)
  return round(1e3 * ms)
}

/** Measures, tells each tile's rates, and writes the file. */
export async function tune(say: (text: string) => void): Promise<void> {
  const webgpu = await createWebGpu()
  const { name: adapter } = adapterOf(webgpu)
  say(adapter)
  const lines: string[] = []
  for (const name of Object.keys(TILES) as TileName[]) {
    const { alone, full } = await tileRate(webgpu, name)
    say(`${name}: a workgroup alone ${alone} GFLOP/s, the device full of them ${full}`)
    lines.push(`  ${name}: { alone: ${alone}, full: ${full} },`)
  }
  const [copy, launch] = [await copyRate(webgpu), await launchTime(webgpu)]
  say(`a copy ${copy} GB/s, a kernel that does nothing ${launch} µs`)
  writeFileSync(FILE, textOf(`${adapter}, ${new Date().toISOString().slice(0, 10)}`, lines, copy, launch))
}

const textOf = (adapter: string, lines: readonly string[], copy: number, launch: number): string => `/**
 * What each tile of \`tiles.ts\` does, in GFLOP/s: one workgroup alone, and a device full of them. What a copy does, in GB/s; what a kernel costs that does nothing, in µs.
 * \`npm run bench -- --tune webgpu\` measures them on its adapter and writes this file. From: ${adapter}.
 */
export const RATES = {
${lines.join('\n')}
}
export const COPY = ${copy}
export const LAUNCH = ${launch}
`
