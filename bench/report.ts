import { bars, table } from '../src/plot/index.ts'
import type { Overhead } from './overhead.ts'
import type { Ceilings, Cell, Column, Products, Row, Transfers } from './run.ts'

type Measured = Extract<Cell, { median: number }>
const isMeasured = (cell: Cell | undefined): cell is Measured => cell !== undefined && 'median' in cell

const ms = (cell: Cell | undefined): string => (cell === undefined ? '–' : isMeasured(cell) ? digits(cell.median) : 'failed')
const percent = (share: number | undefined): string => (share === undefined ? '–' : `${(100 * share).toFixed(0)}%`)
const spread = ({ median, least, most }: Measured): string => `${((50 * (most - least)) / median).toFixed(0)}%`

/** Three digits, never an exponent. */
export const digits = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 0.001 ? value.toPrecision(3) : value.toFixed(5)

/** What processors can do, and what a GPU can. */
export function ceilingsText(ceilings: Record<Column, Ceilings>): string {
  const { webgpu, ...processor } = ceilings
  return [
    ...(Object.keys(processor).length > 0
      ? [ceilingsTable(processor, 'What the machine can do: plain multiplies, then adds; relaxed does both in one')]
      : []),
    ...(webgpu ? [ceilingsTable({ webgpu }, 'What the GPU can do')] : []),
  ].join('\n\n')
}

/** Bringing numbers to the GPU and back: no operation's time has any of this in it. */
export function transfersText({ upload, read, wait }: Transfers): string {
  const rate = (milliseconds: number) => `${((4 * 2 ** 20) / 1e6 / milliseconds).toFixed(2)} GB/s`
  const rows = [
    ['4 MiB to the GPU', digits(upload), rate(upload)],
    ['4 MiB back', digits(read), rate(read)],
    ['one number back', digits(wait), '–'],
  ]
  return table(['transfer', 'ms', 'rate'], rows, { title: 'Not part of any time below' }).text()
}

function ceilingsTable(ceilings: Record<Column, Ceilings>, title: string): string {
  const columns = Object.keys(ceilings)
  const rows = (pick: (c: Ceilings) => Record<string, number>, unit: string) =>
    Object.keys(pick(ceilings[columns[0]])).map((name) => [
      name,
      ...columns.map((column) => `${pick(ceilings[column])[name].toFixed(1)} ${unit}`),
    ])
  return table(['ceiling', ...columns], [...rows(({ multiplyAdd }) => multiplyAdd, 'GFLOP/s'), ...rows(({ copy }) => copy, 'GB/s')], {
    title,
  }).text()
}

/** Times, then rates with their share of the ceiling, then how many times as fast as the reference. */
export function sectionText(title: string, rows: readonly Row[], columns: readonly Column[]): string {
  const wasm = columns.filter((column) => column !== 'reference')
  const best = columns.includes('relaxed') ? 'relaxed' : wasm[0]
  const speedUp = ({ outcomes }: Row): number => {
    const [slow, fast] = [outcomes.reference, outcomes[best]]
    return isMeasured(slow) && isMeasured(fast) ? slow.median / fast.median : Number.NaN
  }
  const times = table(
    [`${title}: ms`, ...columns, '±'],
    rows.map((row) => {
      const shown = row.outcomes[best ?? 'reference']
      return [row.name, ...columns.map((column) => ms(row.outcomes[column])), isMeasured(shown) ? spread(shown) : '–']
    }),
  )
  const rates = table(
    ['rate, share of ceiling', 'unit', ...wasm.flatMap((column) => [column, '%'])],
    rows.map((row) => [
      row.name,
      row.flops === undefined ? 'GB/s' : 'GF/s',
      ...wasm.flatMap((column) => {
        const cell = row.outcomes[column]
        return isMeasured(cell) ? [cell.rate.toFixed(1), percent(cell.share)] : ['–', '–']
      }),
    ]),
  )
  const compared = rows.filter((row) => !Number.isNaN(speedUp(row)))
  const faster = bars(compared.length > 0 ? compared.map(({ name }) => name) : ['–'], compared.length > 0 ? compared.map(speedUp) : [0], {
    title: `${best}: how many times as fast as the reference`,
    unit: '×',
    digits: 1,
  })
  const errors = rows.flatMap(({ name, outcomes }) =>
    Object.entries(outcomes).flatMap(([column, cell]) => (isMeasured(cell) ? [] : [`${name}, ${column}: ${cell.error}`])),
  )
  return [
    times.text(),
    ...(wasm.length > 0 ? ['', rates.text()] : []),
    ...(compared.length > 0 ? ['', faster.text()] : []),
    ...errors,
  ].join('\n')
}

export function productsText(products: readonly Products[]): string {
  return table(
    ['products, in turn', 'size', 'NN', 'NT', 'TN', 'apart'],
    products.map(({ column, size, share, apart }) => [
      column,
      `${size}³`,
      ...[share.NN, share.NT, share.TN].map((x) => `${(100 * x).toFixed(1)}%`),
      `${(100 * apart).toFixed(1)}%`,
    ]),
    { title: 'Shares of the ceiling measured in the same rounds; apart: the slowest kind to the fastest' },
  ).text()
}

export function overheadText(name: string, what: string, { step, kernels, calls }: Overhead): string {
  const share = ((100 * (step - kernels)) / step).toFixed(1)
  return `${name} (${what}):\n  ${digits(step)} ms, of that ${digits(kernels)} ms in ${calls} calls of kernels: ${share}% for tape and memory`
}
