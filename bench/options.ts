import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { models } from './models.ts'
import { families } from './operations/index.ts'

export const HELP = `npm run bench -- [options]

Measures what this machine can do at best (the ceilings), then every operation and every model: on the readable reference, on both builds of
the WASM core, on its threads, and on the GPU where there is one.

  --filter TEXT    only what has TEXT in its name or its family's, such as conv or MLP
  --backend LIST   reference, plain, relaxed, webgpu, or wasm for plain,relaxed; joined by commas. Default: all of them
  --threads N      a further column, of N threads; 1 for none. Default: all processors (${availableParallelism()})
  --quick          fewer and shorter rounds: about one minute instead of four
  --json           the figures as JSON
  --tune webgpu    measures nothing else but the tiles of the GPU's matrix product, and writes them to src/webgpu/tuned.ts
  --help           this text

Everyone takes turns, round by round, and right before each operation its ceiling is measured in the same process: ratios hold where a machine's
speed drifts. Times are medians of nine rounds (quick: five); ± is half the distance between the fastest and the slowest, in percent of the
median. Before it counts, work is repeated until it has stopped becoming faster. Where the reference would take too long stands –.
The ceilings: multiply-adds in registers (GFLOP/s), and copies (GB/s) within the cache or of the size of a million numbers.`

export const BUILDS = ['reference', 'plain', 'relaxed', 'webgpu'] as const
export type Build = (typeof BUILDS)[number]

export interface Options {
  filter: string
  builds: readonly Build[]
  threads: number
  quick: boolean
  json: boolean
  tune: boolean
  help: boolean
}

/** A mistake in the arguments: its message is all that a user needs. */
export class UsageError extends Error {}

export function readOptions(args: readonly string[]): Options {
  const values = parse(args)
  const threads = values.threads === undefined ? availableParallelism() : Number(values.threads)
  if (!Number.isInteger(threads) || threads < 1 || threads > 256) {
    throw new UsageError(`--threads: expected a whole number from 1 to 256, got '${values.threads}'`)
  }
  if (values.tune !== undefined && values.tune !== 'webgpu') throw new UsageError(`--tune: expected webgpu, got '${values.tune}'`)
  const options = { ...values, builds: readBuilds(values.backend), threads, tune: values.tune === 'webgpu' }
  if (!options.help && select(options).length === 0) {
    const names = [...families.map(({ name }) => name), ...models.map(({ name }) => name)]
    throw new UsageError(`--filter: nothing has '${values.filter}' in its name; there are the operations of\n  ${names.join('\n  ')}`)
  }
  return options
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        filter: { type: 'string', default: '' },
        backend: { type: 'string', default: BUILDS.join(',') },
        threads: { type: 'string' },
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        tune: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function readBuilds(list: string): readonly Build[] {
  const wished = list.split(',').flatMap((name) => (name === 'wasm' ? ['plain', 'relaxed'] : [name]))
  const unknown = wished.find((name) => !BUILDS.some((build) => build === name))
  if (unknown !== undefined) throw new UsageError(`--backend: expected reference, plain, relaxed, wasm or webgpu, got '${unknown}'`)
  return BUILDS.filter((build) => wished.includes(build))
}

/** What is measured: whole families, and each model as one of its own. */
export interface Section {
  name: string
  works: readonly { name: string; flops?: number; bytes?: number; what?: string }[]
  isModel: boolean
  /** It computes on the host whatever the backend. */
  isOnHost: boolean
}

export function select({ filter }: { filter: string }): Section[] {
  const has = (name: string) => name.toLowerCase().includes(filter.toLowerCase())
  return [
    ...families.map(({ name, operations, isOnHost = false }) => ({
      name,
      isOnHost,
      works: has(name) ? operations : operations.filter((operation) => has(operation.name)),
      isModel: false,
    })),
    ...models.map((model) => ({ name: model.name, works: has(model.name) ? [model] : [], isModel: true, isOnHost: false })),
  ].filter(({ works }) => works.length > 0)
}
