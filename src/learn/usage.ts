import { parseArgs } from 'node:util'
import type { BackendName } from '../tensor/backend.ts'
import { manifest } from './manifest.ts'
import type { DemoOptions } from './role.ts'

/** A mistake on the command line: its message is printed alone, and the exit code is 2. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** All that the engine knows: the type sees to it. */
const known: Readonly<Record<BackendName, true>> = { reference: true, wasm: true, webgpu: true }
const backends = Object.keys(known) as BackendName[]

const flags = {
  seed: { type: 'string' },
  epochs: { type: 'string' },
  data: { type: 'string' },
  backend: { type: 'string' },
  quick: { type: 'boolean' },
  svg: { type: 'string' },
  hint: { type: 'boolean' },
  'give-up': { type: 'boolean' },
  'no-color': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

export const flagsHelp = `  --seed N          the seed of all random numbers (1)
  --epochs N        how long to train; each lesson has its own number
  --data NAME       which data to learn from; some lessons take a path
  --backend NAME    where to compute: ${backends.join(', ')}
  --quick           a shorter demo
  --svg DIR         save the pictures as SVG files, too
  --hint [NAME]     the next hint for the function NAME, or for the next one to do
  --give-up [NAME]  show the solution of NAME, or of the next one to do
  --no-color        no colours (so does the environment variable NO_COLOR)
  --help            this list`

export interface Arguments extends DemoOptions {
  /** What stands without a flag. */
  readonly words: readonly string[]
  readonly svg: string | undefined
  readonly hint: boolean
  readonly giveUp: boolean
  readonly color: boolean
  readonly help: boolean
}

/** Reads a command line. Nothing that is not understood is passed over. */
export function readArguments(args: readonly string[]): Arguments {
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options: flags,
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const flag = Object.entries(flags).find(([name]) => name === token.name)?.[1]
    if (flag === undefined)
      throw new UsageError(
        unknown(
          'flag',
          token.rawName,
          Object.keys(flags).map((name) => `--${name}`),
        ),
      )
    if (flag.type === 'string' && (token.value === undefined || token.value.startsWith('--'))) {
      throw new UsageError(`${token.rawName} needs a value: see --help`)
    }
    if (flag.type === 'boolean' && token.value !== undefined)
      throw new UsageError(`${token.rawName} takes no value, and got '${token.value}'`)
  }
  const text = (name: 'seed' | 'epochs' | 'data' | 'backend' | 'svg') => (typeof values[name] === 'string' ? values[name] : undefined)
  return {
    words: positionals,
    seed: wholeNumber('--seed', text('seed'), 0) ?? 1,
    epochs: wholeNumber('--epochs', text('epochs'), 1),
    data: text('data') ?? '',
    backend: oneOfBackends(text('backend')),
    quick: values.quick === true,
    svg: text('svg'),
    hint: values.hint === true,
    giveUp: values['give-up'] === true,
    color: values['no-color'] !== true,
    help: values.help === true,
  }
}

function wholeNumber(flag: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value) || value < least)
    throw new UsageError(`${flag} takes a whole number from ${least} on, and got '${text}'`)
  return value
}

function oneOfBackends(text: string | undefined): BackendName | undefined {
  if (text === undefined) return undefined
  const found = backends.find((name) => name === text)
  if (found === undefined) throw new UsageError(unknown('backend', text, backends))
  return found
}

/** The lesson of that name, or a UsageError that names the nearest. */
export function lessonNamed(name: string) {
  const wanted = name.replace(/^.*\//, '').replace(/\.ts$/, '')
  const lesson = manifest.find((entry) => entry.name === wanted)
  if (lesson === undefined)
    throw new UsageError(
      unknown(
        'lesson',
        wanted,
        manifest.map((entry) => entry.name),
      ),
    )
  return lesson
}

/** `unknown lesson 'perceptrn': did you mean 'perceptron'?` */
export function unknown(what: string, name: string, known: readonly string[]): string {
  const [nearest] = [...known].sort((a, b) => editDistance(name, a) - editDistance(name, b))
  const close = nearest !== undefined && editDistance(name, nearest) <= Math.max(2, name.length / 3)
  return `unknown ${what} '${name}': ${close ? `did you mean '${nearest}'?` : `there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}`}`
}

/** Levenshtein (1966): how many letters to insert, delete or replace. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1))
    row = next
  }
  return row[b.length]
}
