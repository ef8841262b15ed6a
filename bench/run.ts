import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { wasmYardsticks, type Yardstick, type Yardsticks } from './ceilings.ts'
import { Contender } from './contender.ts'
import { type ContestOptions, contest, isMeasured, type Outcome, pairedRatio, sameNumbers } from './contest.ts'
import { type Adapter, gpuYardsticks, TRANSFERS } from './gpu.ts'
import { median, type Timing } from './measure.ts'
import { productName, TRANSPOSITIONS, type Transposition } from './operations/products.ts'
import type { Options, Section } from './options.ts'
import type { Overhead } from './overhead.ts'

/** A contender's column: reference, plain, relaxed, '2 threads', or webgpu. */
export type Column = string

export interface Machine {
  processor: string
  node: string
  date: string
}

export interface Ceilings {
  /** GFLOP/s by number of chains; the pipes are full where more chains give no more. */
  multiplyAdd: Record<string, number>
  /** How many chains gave most. */
  bestChains: string
  /** GB/s read and written, by size of the copy. */
  copy: Record<string, number>
}

/** Milliseconds to bring 4 MiB to the device, to read as much, and to read a single number, which is all waiting. */
export type Transfers = Record<keyof typeof TRANSFERS, number>

export interface Row {
  name: string
  what?: string
  flops?: number
  bytes?: number
  /** By column. */
  outcomes: Record<Column, Cell>
}

/** GFLOP/s, or GB/s for what moves rather than computes; and the share of the ceiling measured right before, in the same rounds. */
export type Cell = (Timing & { rounds: number; rate: number; share?: number }) | { error: string }

export interface Products {
  column: Column
  size: number
  /** Medians over the rounds: share of the ceiling measured in the same round. */
  share: Record<Transposition, number>
  /** The slowest of the three over the fastest, of the medians of ratios to NN. */
  apart: number
}

/** Work of more floating-point operations takes seconds: the naive loops of the reference, a processor, and one that plays a GPU. */
const MOST_FLOPS = {
  full: { reference: 3e8, processor: 1e10, software: 3e8 },
  quick: { reference: 5e7, processor: 5e9, software: 3e8 },
}
const FULL: ContestOptions = { rounds: 9, atLeast: 8, warmUp: { atLeast: 60, atMost: 500 }, budget: 2000, limit: 60_000 }
const QUICK: ContestOptions = { rounds: 5, atLeast: 3, warmUp: { atLeast: 20, atMost: 100 }, budget: 400, limit: 30_000 }
/** A model's step has more to settle: the tape and the memory, too. It calls most functions only once, so that the compiler is through with them after a thousand steps. */
export const MODEL_WARM_UP = { atLeast: 1500, atMost: 3000 }
/** Milliseconds for the rounds of the reference, which nobody races. */
const REFERENCE_BUDGET = { full: 500, quick: 100 }
const PRODUCT_SIZES = [256, 512, 1024]

export const machine = (): Machine => ({
  processor: cpus()[0]?.model.trim() ?? 'unknown',
  node: process.versions.node,
  date: new Date().toISOString().slice(0, 10),
})

const isWasm = (column: Column): boolean => column !== 'reference' && column !== 'webgpu'

/** A measurement of Gradus against itself and against the machine. */
export class Run {
  columns: readonly Column[]
  private adapter: Adapter | null = null
  private readonly options: Options
  private readonly contest: ContestOptions
  private ceilingsByColumn: Record<Column, Ceilings> = {}

  constructor(options: Options) {
    this.options = options
    this.contest = options.quick ? QUICK : FULL
    const [hasWasm, hasGpu] = [options.builds.some(isWasm), options.builds.includes('webgpu')]
    this.columns = [
      ...options.builds.filter((build) => build !== 'webgpu'),
      ...(hasWasm && options.threads > 1 ? [`${options.threads} threads`] : []),
      ...(hasGpu ? ['webgpu'] : []),
    ]
  }

  /** Looks for a GPU where one is asked for. Where there is none its column goes; says which it is, or why. */
  async findGpu(): Promise<string | null> {
    const contender = this.contenders().find(({ name }) => name === 'webgpu')
    if (!contender) return null
    const { other, error } = await contender.ask({ ask: 'other', name: 'adapter' })
    contender.stop()
    if (error !== undefined) {
      this.columns = this.columns.filter((column) => column !== 'webgpu')
      return `No column webgpu: ${error.replace(/^GradusError: webgpu: /, '')}`
    }
    this.adapter = other as Adapter
    return `webgpu: ${this.adapter.name}${this.adapter.isSoftware ? ' (software: this says nothing of a GPU)' : ''}`
  }

  /** Processes that nothing has used yet. */
  private contenders(): Contender[] {
    const { builds, threads } = this.options
    return this.columns.map((column) => {
      const isThreaded = column.endsWith(' threads')
      const simd = isThreaded ? (builds.includes('relaxed') ? 'relaxed' : 'plain') : column
      const child = fileURLToPath(new URL('./gradus.ts', import.meta.url))
      return column === 'reference' || column === 'webgpu'
        ? new Contender(column, { args: [child, column] })
        : new Contender(column, { args: [child, 'wasm'], env: { GRADUS_SIMD: simd, GRADUS_THREADS: String(isThreaded ? threads : 1) } })
    })
  }

  /** Runs the loops in registers and the copies, in turn. */
  async ceilings(): Promise<Record<Column, Ceilings>> {
    const contenders = this.contenders().filter(({ name }) => name !== 'reference')
    for (const contender of contenders) {
      const { name: column } = contender
      const { multiplyAdd, copy } = this.yardsticksOf(column)
      const ms = await this.medians(
        contender,
        [...multiplyAdd, ...copy].map(({ name }) => name),
      )
      const rates = (yardsticks: readonly Yardstick[]) =>
        Object.fromEntries(
          yardsticks.map(({ name, work }) => [name.replace('ceiling: ', ''), (this.threadsOf(column) * work * 1e3) / ms[name]]),
        )
      const gflops = rates(multiplyAdd)
      const [bestChains] = Object.keys(gflops).toSorted((a, b) => gflops[b] - gflops[a])
      this.ceilingsByColumn[column] = { multiplyAdd: gflops, bestChains, copy: rates(copy) }
      contender.stop()
    }
    return this.ceilingsByColumn
  }

  /** The ways to the GPU and back, where there is one. */
  async transfers(): Promise<Transfers | null> {
    const contender = this.contenders().find(({ name }) => name === 'webgpu')
    if (!contender) return null
    const ms = await this.medians(contender, Object.values(TRANSFERS))
    contender.stop()
    return { upload: ms[TRANSFERS.upload], read: ms[TRANSFERS.read], wait: ms[TRANSFERS.wait] }
  }

  /** Milliseconds per call of each, in turn. */
  private async medians(contender: Contender, names: readonly string[]): Promise<Record<string, number>> {
    for (const name of names) must(await contender.ask({ ask: 'prepare', name, warmUp: this.contest.warmUp }))
    const rounds: number[][] = []
    for (let i = 0; i < this.contest.rounds; i++)
      rounds.push(must(await contender.ask({ ask: 'measure', names, atLeast: this.contest.atLeast })).ms ?? [])
    return Object.fromEntries(names.map((name, i) => [name, median(rounds.map((round) => round[i]))]))
  }

  private yardsticksOf(column: Column): Yardsticks {
    return column === 'webgpu' && this.adapter ? gpuYardsticks(this.adapter) : wasmYardsticks
  }

  private threadsOf(column: Column): number {
    return column.endsWith(' threads') ? this.options.threads : 1
  }

  /** What an operation is held against: the loop that filled the pipes, or the copy of the nearest size. */
  private ceilingOf(
    column: Column,
    { flops, bytes = 0 }: { flops?: number; bytes?: number },
  ): { name: string; rate: (ms: number) => number } | undefined {
    const ceilings = this.ceilingsByColumn[column]
    if (ceilings === undefined) return undefined
    const { multiplyAdd, copy } = this.yardsticksOf(column)
    const found =
      flops === undefined
        ? (copy.find((small) => bytes <= 4 * small.bytes) ?? copy[copy.length - 1])
        : multiplyAdd.find(({ name }) => name === `ceiling: ${ceilings.bestChains}`)
    return found && { name: found.name, rate: (ms) => (this.threadsOf(column) * found.work * 1e3) / ms }
  }

  /** Whether a contender takes part: not where it would take seconds, nor for what its backend leaves to the host. */
  private isAble(column: Column, flops: number, isOnHost: boolean): boolean {
    const most = MOST_FLOPS[this.options.quick ? 'quick' : 'full']
    if (column === 'webgpu') return !isOnHost && !(this.adapter?.isSoftware && flops > most.software)
    return flops <= (column === 'reference' ? most.reference : most.processor)
  }

  /** A family of operations, or a model. */
  async section({ works, isModel, isOnHost }: Section, step: (name: string) => void): Promise<Row[]> {
    const contenders = this.contenders()
    const { quick } = this.options
    const usual = isModel && !quick ? { ...this.contest, warmUp: MODEL_WARM_UP } : this.contest
    const slow = { ...usual, warmUp: QUICK.warmUp, budget: REFERENCE_BUDGET[quick ? 'quick' : 'full'] }
    const pace = ({ name }: Contender) => (name === 'reference' ? slow : usual)
    const rows: Row[] = []
    for (const { name, what, flops, bytes } of works) {
      step(name)
      const work = { flops, bytes }
      const able = contenders.filter(({ name }) => this.isAble(name, flops ?? 0, isOnHost))
      if (able.length === 0) continue
      for (const contender of able) await this.prepareCeiling(contender, work)
      const outcomes = await contest(able, name, pace, ({ name }) => this.ceilingOf(name, work)?.name)
      const yardstick = Object.values(outcomes).find(isMeasured)?.result ?? []
      const cells = Object.entries(outcomes).map(([column, outcome]) => [column, this.cell(column, work, outcome, yardstick)])
      rows.push({ name, what, flops, bytes, outcomes: Object.fromEntries(cells) })
    }
    for (const contender of contenders) contender.stop()
    return rows
  }

  private async prepareCeiling(contender: Contender, work: { flops?: number; bytes?: number }): Promise<void> {
    const ceiling = this.ceilingOf(contender.name, work)
    if (ceiling) must(await contender.ask({ ask: 'prepare', name: ceiling.name, warmUp: QUICK.warmUp }))
  }

  private cell(column: Column, work: { flops?: number; bytes?: number }, outcome: Outcome, yardstick: readonly number[]): Cell {
    if (!isMeasured(outcome)) return outcome
    const { samples, before, result, ...timing } = outcome
    if (!sameNumbers(result, yardstick)) return { error: `gives ${result.join(', ')} where another gives ${yardstick.join(', ')}` }
    const amount = (work.flops ?? work.bytes ?? 0) / 1e6 // per millisecond, that is 1e9 per second
    const ceiling = this.ceilingOf(column, work)
    const share = ceiling && (amount * pairedRatio(before, samples)) / ceiling.rate(1)
    return { ...timing, rounds: samples.length, rate: amount / timing.median, share }
  }

  /** NN, NT and TN held against one another and against the ceiling: all four in one process, in turn. */
  async products(step: (name: string) => void): Promise<Products[]> {
    const rows: Products[] = []
    const rounds = this.options.quick ? 7 : 21
    for (const contender of this.contenders()) {
      const ceilings = this.ceilingOf(contender.name, { flops: 1 })
      if (!ceilings) continue
      await this.prepareCeiling(contender, { flops: 1 })
      for (const size of PRODUCT_SIZES.filter((size) => this.isAble(contender.name, 2 * size ** 3, false))) {
        step(`${contender.name}, ${size}³`)
        const kinds = TRANSPOSITIONS.map((kind) => productName(kind, size))
        for (const name of kinds) must(await contender.ask({ ask: 'prepare', name, warmUp: this.contest.warmUp }))
        const samples: number[][] = []
        for (let i = 0; i < rounds; i++) {
          samples.push((await contender.ask({ ask: 'measure', names: [ceilings.name, ...kinds], atLeast: this.contest.atLeast })).ms ?? [])
        }
        const column = (i: number) => samples.map((round) => round[i])
        const gflops = (2 * size ** 3) / 1e6
        const share = TRANSPOSITIONS.map((_, i) => (gflops * pairedRatio(column(0), column(1 + i))) / ceilings.rate(1))
        const toNN = TRANSPOSITIONS.map((_, i) => pairedRatio(column(1 + i), column(1)))
        rows.push({
          column: contender.name,
          size,
          share: { NN: share[0], NT: share[1], TN: share[2] },
          apart: Math.max(...toNN) / Math.min(...toNN) - 1,
        })
        for (const name of kinds) must(await contender.ask({ ask: 'release', name }))
      }
      contender.stop()
    }
    return rows
  }

  /** What a model's step costs besides computing, in a process of its own. */
  async overhead(name: string): Promise<Overhead | null> {
    const contender = this.contenders().findLast(({ name }) => name === 'plain' || name === 'relaxed')
    if (!contender) return null
    const { other } = must(await contender.ask({ ask: 'other', name }))
    contender.stop()
    return other as Overhead
  }
}

function must<A extends { error?: string }>(answer: A): A {
  if (answer.error !== undefined) throw new Error(answer.error)
  return answer
}
