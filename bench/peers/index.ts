/** `npm run bench:peers`: the same work on Gradus and on other libraries, all taking turns in one run, and how many times longer the others take. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Contender } from '../contender.ts'
import { type ContestOptions, contest, isMeasured, type Outcome, pairedRatio, sameNumbers } from '../contest.ts'
import { progress } from '../progress.ts'
import { MODEL_WARM_UP, machine } from '../run.ts'
import { cases, isForGpus, isModel } from './cases.ts'
import { gradus, type Place, peers } from './peers.ts'
import { type Comparison, markdown, text } from './report.ts'

const FEW = 3

const HELP = `npm run bench:peers -- [options]

Runs the same work on Gradus and on other libraries for JavaScript, and on PyTorch and scikit-learn where python3 has them: in turn, round by round,
each in a process of its own, on one thread unless its name says otherwise; those on WebGPU with Gradus on WebGPU, through Dawn. First: npm --prefix bench/peers ci, and for WebGPU npm run gpu:install

  --filter TEXT   only work that has TEXT in its name, such as matmul or CNN
  --peers LIST    only peers that have one of these in their name, joined by commas, such as tfjs,PyTorch
  --quick         fewer and shorter rounds, and nobody is waited for longer than 10 seconds
  --readme        writes the table of the README
  --json          the figures as JSON
  --help          this text

A ratio is the median over the rounds of a peer's time through Gradus's in the same round: above 1, the peer takes longer. Who is so slow that
it gets fewer than ${FEW} rounds is compared by the medians of all rounds instead.
Results are compared as well: a peer whose numbers differ is not timed.`

const FULL: ContestOptions = { rounds: 9, atLeast: 20, warmUp: { atLeast: 300, atMost: 2000 }, budget: 6000, limit: 120_000 }
const QUICK: ContestOptions = { rounds: 5, atLeast: 8, warmUp: { atLeast: 60, atMost: 500 }, budget: 1000, limit: 10_000 }
/** Models have more to settle, and a few steps after the others have had the processor say more of its caches than of the work. */
const MODEL = { atLeast: 200, warmUp: MODEL_WARM_UP }

class UsageError extends Error {}

function readOptions() {
  const { values } = parse()
  const names = cases.filter((name) => name.toLowerCase().includes(values.filter.toLowerCase()))
  if (names.length === 0) throw new UsageError(`--filter: nothing has '${values.filter}' in its name; there are\n  ${cases.join('\n  ')}`)
  const wished = values.peers.toLowerCase().split(',')
  const selected = peers.filter(({ name }) => wished.some((part) => name.toLowerCase().includes(part)))
  if (selected.length === 0)
    throw new UsageError(`--peers: no name has '${values.peers}'; there are\n  ${peers.map(({ name }) => name).join('\n  ')}`)
  return { ...values, names, selected }
}

function parse() {
  try {
    return parseArgs({
      options: {
        filter: { type: 'string', default: '' },
        peers: { type: 'string', default: '' },
        quick: { type: 'boolean', default: false },
        readme: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** What a peer did, with its ratio to Gradus in the same place; its error where it could not, or did something else. */
function compare(outcome: Outcome, own: Outcome | undefined): Comparison {
  if (!isMeasured(outcome)) return outcome
  const time = { ms: outcome.median, least: outcome.least, rounds: outcome.samples.length }
  if (!isMeasured(own)) return time
  if (!sameNumbers(outcome.result, own.result))
    return { error: `gives ${outcome.result.join(', ')} where Gradus gives ${own.result.join(', ')}` }
  return { ...time, ratio: time.rounds < FEW ? outcome.median / own.median : pairedRatio(outcome.samples, own.samples) }
}

const hasTooFew = (place: Place): boolean => place !== 'webgpu' && place > availableParallelism()

async function main({ names, selected, quick, json, readme }: ReturnType<typeof readOptions>): Promise<void> {
  if (!existsSync(new URL('./node_modules', import.meta.url)))
    throw new UsageError('the peers are not installed: npm --prefix bench/peers ci')
  const status = progress()
  const versions: Record<string, string> = {}
  const able: { contender: Contender; runsOn: Place; names: readonly string[] }[] = []
  for (const { name, runsOn, start } of selected) {
    status.section(`starting ${name}`)
    const options = start()
    const contender = 'missing' in options || hasTooFew(runsOn) ? undefined : new Contender(name, options)
    const answer = await contender?.ask({ ask: 'list' })
    versions[name] = answer?.version ?? answer?.error ?? ('missing' in options ? options.missing : `needs ${runsOn} processors`)
    if (contender && answer?.names) able.push({ contender, runsOn, names: answer.names })
  }
  const own = new Map([...new Set<Place>([1, ...able.map(({ runsOn }) => runsOn)])].map((place) => [place, gradus(place)]))

  const results: Record<string, Record<string, Comparison>> = {}
  for (const name of names) {
    status.section(name)
    const others = able.filter((peer) => peer.names.includes(name))
    const mine = [...own].filter(([place]) => (place === 1 && !isForGpus(name)) || others.some(({ runsOn }) => runsOn === place))
    if (mine.length === 0) continue
    const contenders = [...mine.map(([, contender]) => contender), ...others.map(({ contender }) => contender)]
    const usual = quick ? QUICK : FULL
    const pace = isModel(name) ? { ...usual, ...MODEL } : usual
    const outcomes = await contest(contenders, name, () => pace)
    const ownOutcome = (place: Place) => outcomes[own.get(place)?.name ?? '']
    results[name] = Object.fromEntries([
      ...mine.map(([place, { name }]) => [name, compare(outcomes[name], ownOutcome(place))]),
      ...others.map(({ contender, runsOn }) => [contender.name, compare(outcomes[contender.name], ownOutcome(runsOn))]),
    ])
    status.done()
    if (!json) process.stdout.write(`${text(name, results[name])}\n\n`)
  }
  for (const contender of [...own.values(), ...able.map(({ contender }) => contender)]) contender.stop()

  if (json) process.stdout.write(`${JSON.stringify({ machine: machine(), versions, results }, null, 2)}\n`)
  else
    process.stdout.write(
      `${Object.entries(versions)
        .map(([name, version]) => `${name}: ${version}`)
        .join('\n')}\n`,
    )
  if (readme) writeReadme(markdown(machine(), versions, results))
}

/** Puts the table between its marks. */
function writeReadme(table: string): void {
  const file = new URL('../../README.md', import.meta.url)
  const text = readFileSync(file, 'utf8')
  const marked = /(<!-- peers: [^\n]* -->\n)[\s\S]*?(<!-- peers end -->)/
  if (!marked.test(text)) throw new UsageError('--readme: README.md has no marks <!-- peers: ... --> and <!-- peers end -->')
  writeFileSync(
    file,
    text.replace(marked, (_, begin, end) => `${begin}${table}\n${end}`),
  )
}

try {
  const options = readOptions()
  if (options.help) process.stdout.write(`${HELP}\n`)
  else await main(options)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`bench:peers: ${error.message}\n\nnpm run bench:peers -- --help tells more\n`)
  process.exitCode = 2
}
