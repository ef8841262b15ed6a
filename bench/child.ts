/**
 * Measures one backend in a process of its own, chosen by BENCH_BACKEND and GRADUS_SIMD, and prints one line of JSON:
 * `npm run bench` starts it for each backend and joins the results.
 */

import { setBackend } from '../src/index.ts'
import { reference } from '../src/kernels.ts'
import { loadWasm } from '../src/wasm/index.ts'
import { type Ceilings, ceilingTasks } from './ceilings.ts'
import { type MeasureOptions, measure, type Timing } from './measure.ts'
import { models } from './models.ts'
import { operations } from './operations.ts'
import { measureOverhead, type Overhead } from './overhead.ts'

export interface Results {
  ceilings: Ceilings | null
  timings: Record<string, Timing>
  /** Of whole models. */
  overheads: Record<string, Overhead>
}

/** The naive products beyond this take the reference seconds each. */
const REFERENCE_FLOPS = 3e8

async function main(): Promise<Results> {
  const filter = (process.env.BENCH_FILTER ?? '').toLowerCase()
  const quick = process.env.BENCH_QUICK === '1'
  const isReference = process.env.BENCH_BACKEND === 'reference'
  const selected = <T extends { name: string; flops?: number }>(all: T[]): T[] =>
    all.filter(({ name, flops = 0 }) => name.toLowerCase().includes(filter) && !(isReference && flops > REFERENCE_FLOPS))

  const options: MeasureOptions = isReference ? { rounds: 3, atLeast: 0, warmUp: 0 } : quick ? { rounds: 5, atLeast: 10, warmUp: 100 } : {}
  const timings: Record<string, Timing> = {}

  // Models first, in a memory that nothing else has grown.
  await setBackend(isReference ? 'reference' : 'wasm')
  const overheads: Results['overheads'] = {}
  for (const { name, build } of selected(models)) {
    const patient = { ...options, warmUp: isReference ? 0 : 1500 }
    Object.assign(timings, measure({ [name]: build() }, patient))
    if (!isReference) overheads[name] = measureOverhead(build, quick ? 200 : 600)
  }

  const ceilings = isReference ? null : ceilingTasks()
  const tasks: Record<string, () => void> = { ...ceilings?.tasks }
  const wasm = isReference ? null : await loadWasm()
  for (const { name, task } of selected(operations)) tasks[name] = wasm ? task(wasm) : task(reference)
  Object.assign(timings, measure(tasks, options))
  return { ceilings: ceilings?.rate(timings) ?? null, timings, overheads }
}

process.stdout.write(`${JSON.stringify(await main())}\n`)
