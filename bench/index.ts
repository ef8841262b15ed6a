import { execFile } from 'node:child_process'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { bars, table } from '../src/plot/index.ts'
import type { Results } from './child.ts'
import type { Timing } from './measure.ts'
import { models } from './models.ts'
import { operations } from './operations.ts'

const HELP = `npm run bench -- [options]

Measures this machine's ceilings, then every operation and model on the readable reference and on both builds of the WASM core.

  --filter TEXT   only what has TEXT in its name, such as matmul or MLP
  --quick         fewer and shorter rounds
  --json          the figures as JSON
  --help          this text

Times are medians; ± is half the distance between the fastest and the slowest round, in percent of the median.
Ceilings: multiply-adds in registers (GFLOP/s), a copy within the cache (GB/s), each measured in turn with the rest.`

const BACKENDS = ['reference', 'plain', 'relaxed'] as const
type BackendName = (typeof BACKENDS)[number]

async function run(backend: BackendName, options: { filter: string; quick: boolean }): Promise<Results> {
  const env = {
    ...process.env,
    BENCH_BACKEND: backend === 'reference' ? 'reference' : 'wasm',
    BENCH_FILTER: options.filter,
    BENCH_QUICK: options.quick ? '1' : '0',
    ...(backend === 'reference' ? {} : { GRADUS_SIMD: backend }),
  }
  const child = fileURLToPath(new URL('./child.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', child], { env, maxBuffer: 1 << 24 })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}

const ms = (timing?: Timing) => (timing ? timing.median.toPrecision(3) : '–')
const spread = ({ median, least, most }: Timing) => `${((50 * (most - least)) / median).toFixed(0)}%`

function report(results: Record<BackendName, Results>): void {
  const { plain, relaxed, reference } = results
  const ceilingRow = (name: string, value: (r: Results) => number | undefined, unit: string) => [
    name,
    ...[plain, relaxed].map((r) => `${value(r)?.toFixed(1)} ${unit}`),
  ]
  const chains = Object.keys(relaxed.ceilings?.multiplyAdd ?? {})
  print(
    table(
      ['ceiling', 'plain: mul + add', 'relaxed: fused'],
      [
        ...chains.map((name) => ceilingRow(name, (r) => r.ceilings?.multiplyAdd[name], 'GFLOP/s')),
        ceilingRow('copy, 512 KiB', (r) => r.ceilings?.copyGBs, 'GB/s'),
      ],
      { title: `${cpus()[0]?.model}, Node ${process.versions.node}, one thread` },
    ),
  )
  const measured = [...operations, ...models].filter(({ name }) => name in relaxed.timings)
  const rows = measured.map(({ name, ...work }) => {
    const [p, r] = [plain.timings[name], relaxed.timings[name]]
    const flops = work.flops ?? 0
    const bytes = 'bytes' in work ? (work.bytes ?? 0) : 0
    const rate = (t: Timing) => (flops || bytes) / t.median / 1e6
    const share = (t: Timing, { ceilings }: Results) =>
      ceilings ? `${((100 * rate(t)) / (flops ? ceilings.gflops : ceilings.copyGBs)).toFixed(0)}%` : '–'
    return [
      name,
      ms(reference.timings[name]),
      ms(p),
      ms(r),
      spread(r),
      `${rate(r).toFixed(1)} ${flops ? 'GF/s' : 'GB/s'}`,
      `${share(p, plain)} ${share(r, relaxed)}`,
    ]
  })
  print(table(['operation', 'ref. ms', 'plain', 'relaxed', '±', 'relaxed', '% of ceiling'], rows))
  for (const { name, what } of models.filter(({ name }) => name in relaxed.overheads)) {
    const share = (r: Results) => {
      const { step, kernels, calls } = r.overheads[name]
      return `${step.toFixed(2)} ms, of that ${kernels.toFixed(2)} ms in ${calls} kernels: ${((100 * (step - kernels)) / step).toFixed(1)}% for tape and memory`
    }
    process.stdout.write(`${name} (${what})\n  plain    ${share(plain)}\n  relaxed  ${share(relaxed)}\n\n`)
  }
  const compared = measured.filter(({ name }) => name in reference.timings)
  if (compared.length > 0) {
    const speedUps = compared.map(({ name }) => reference.timings[name].median / relaxed.timings[name].median)
    print(
      bars(
        compared.map(({ name }) => name),
        speedUps,
        { title: 'how many times as fast as the reference (relaxed)', unit: '×', digits: 0 },
      ),
    )
  }
}

function print(picture: { text(): string }): void {
  process.stdout.write(`${picture.text()}\n\n`)
}

function options() {
  try {
    return parseArgs({
      options: {
        filter: { type: 'string', default: '' },
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n\n${HELP}\n`)
    process.exit(2)
  }
}

const { filter, quick, json, help } = options()
const known = [...operations, ...models].some(({ name }) => name.toLowerCase().includes(filter.toLowerCase()))
if (help) {
  process.stdout.write(`${HELP}\n`)
} else if (!known) {
  process.stderr.write(
    `bench: nothing has '${filter}' in its name; there are:\n  ${[...operations, ...models].map(({ name }) => name).join('\n  ')}\n`,
  )
  process.exitCode = 2
} else {
  const results: Partial<Record<BackendName, Results>> = {}
  for (const backend of BACKENDS) {
    if (!json) process.stderr.write(`measuring ${backend} …\n`)
    results[backend] = await run(backend, { filter, quick })
  }
  if (json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`)
  else report(results as Record<BackendName, Results>)
}
