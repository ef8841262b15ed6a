import { bars, table } from '../../src/plot/index.ts'
import { digits } from '../report.ts'
import type { Machine } from '../run.ts'

/** A contender at one piece of work: milliseconds (their median and the least of them), in how many rounds, and how many times Gradus's time. */
export type Comparison = { ms: number; least: number; rounds: number; ratio?: number } | { error: string }

/** One piece of work: everyone's time and ratio, and bars of the ratios. Whoever cannot do it says why. */
export function text(name: string, results: Record<string, Comparison>): string {
  const measured = Object.entries(results).flatMap(([peer, result]) => ('ms' in result ? [{ peer, ...result }] : []))
  const failed = Object.entries(results).flatMap(([peer, result]) => ('error' in result ? [`  ${peer}: ${result.error}`] : []))
  const rows = measured.map(({ peer, ms, least, rounds, ratio }) => [
    peer,
    digits(ms),
    digits(least),
    ratio === undefined ? '–' : `${digits(ratio)}×`,
    String(rounds),
  ])
  const shown = measured.filter(({ ratio }) => ratio !== undefined)
  const lines = [table([name, 'ms', 'least', "of Gradus's", 'rounds'], rows).text()]
  if (shown.length > 1) {
    const options = { unit: ' ms', max: 20 * shown[0].ms } // one that takes a thousand times as long would leave nothing of the others
    lines.push(
      '',
      bars(
        shown.map(({ peer }) => peer),
        shown.map(({ ms }) => ms),
        options,
      ).text(),
    )
  }
  return [...lines, ...failed].join('\n')
}

/** The README's table: Gradus's milliseconds, and how many times as long the others take. */
export function markdown(
  { processor, node, date }: Machine,
  versions: Record<string, string>,
  results: Record<string, Record<string, Comparison>>,
): string {
  const names = [...new Set(Object.values(results).flatMap((row) => Object.keys(row)))]
  const own = names.filter((name) => name.startsWith('gradus'))
  const others = names.filter((name) => !name.startsWith('gradus'))
  const cell = (result: Comparison | undefined, isOwn: boolean): string => {
    if (result === undefined) return '–'
    if ('error' in result) return result.error.startsWith('took longer') ? 'too slow' : 'cannot'
    return isOwn ? `${digits(result.ms)} ms` : result.ratio === undefined ? '–' : `${digits(result.ratio)}×`
  }
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(['work', ...own, ...others]),
    line(['---', ...[...own, ...others].map(() => '---:')]),
    ...Object.entries(results).map(([name, row]) =>
      line([name, ...own.map((peer) => cell(row[peer], true)), ...others.map((peer) => cell(row[peer], false))]),
    ),
    '',
    `${processor}, Node ${node}, ${date}; ${others.map((name) => `${name} ${versions[name]}`).join(', ')}. Medians of one run in which all took turns;`,
    'one thread where none are named. Ratios above 1: the other takes so many times as long.',
  ].join('\n')
}
