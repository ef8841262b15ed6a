/**
 * One contender's half of a contest: a process that does what it is asked, one line of JSON after the other. Contenders in processes of their own cannot
 * disturb one another's memory or compiler, and by asking them in turn, round by round, all meet the same seconds of the machine.
 */
import { createInterface } from 'node:readline'
import { type Settle, type Task, time, warmUp } from './measure.ts'

/** Some work, ready to be repeated. */
export interface Prepared {
  run: Task
  /** A few numbers of the result, to be held against the other contenders': nobody shall be timed at the wrong work. Asked for before all else. */
  result?(): ArrayLike<number> | Promise<ArrayLike<number>>
  release?(): void
  /** It has been measured, and something else is next: threads of its own sleep from now on. */
  rest?(): void
}

/** What a contender can do, by name. */
export type Work = Record<string, () => Prepared | Promise<Prepared>>

/** What it is asked; the answer is `Answer`. */
export type Request =
  | { ask: 'list' }
  | { ask: 'prepare'; name: string; warmUp: { atLeast: number; atMost: number } }
  | { ask: 'measure'; names: readonly string[]; atLeast: number }
  | { ask: 'release'; name: string }
  | { ask: 'other'; name: string }

export interface Answer {
  /** Why it cannot. */
  error?: string
  /** To list. */
  names?: string[]
  version?: string
  /** To prepare: milliseconds per call when warm, and a few numbers of the result. */
  perCall?: number
  result?: number[]
  /** To measure: milliseconds per call. */
  ms?: number[]
  other?: unknown
}

interface Ready extends Prepared {
  answer: { perCall: number; result: number[] }
}

export interface ServeOptions {
  version?: string
  /** Further questions that only this contender understands. */
  other?: Record<string, () => unknown>
  /** Where a device does the work: waits until it has done all. */
  settle?: Settle
}

/** Answers until standard input ends. */
export async function serve(work: Work, { version = '', other = {}, settle }: ServeOptions = {}) {
  const ready = new Map<string, Ready>()
  const answers: { [R in Request['ask']]: (request: Extract<Request, { ask: R }>) => Promise<Answer> } = {
    list: async () => ({ names: Object.keys(work), version }),
    prepare: async ({ name, warmUp: options }) => {
      const before = ready.get(name)
      if (before) return before.answer
      if (!(name in work)) throw new Error(`${name} is none of its work`)
      const prepared = await work[name]()
      const result = Array.from((await prepared.result?.()) ?? [])
      const answer = { perCall: await warmUp(prepared.run, options, settle), result }
      ready.set(name, { ...prepared, answer })
      return answer
    },
    measure: async ({ names, atLeast }) => {
      const ms: number[] = []
      for (const name of names) {
        const { run, rest, answer } = found(ready, name)
        ms.push(await time(run, Math.max(1, Math.ceil(atLeast / answer.perCall)), settle))
        rest?.()
      }
      return { ms }
    },
    release: async ({ name }) => {
      found(ready, name).release?.()
      ready.delete(name)
      return {}
    },
    other: async ({ name }) => ({ other: await other[name]() }),
  }
  console.log = console.error // what libraries greet with must not come between the answers
  for await (const line of createInterface({ input: process.stdin })) {
    const request: Request = JSON.parse(line)
    const answer = await answers[request.ask](request as never).catch((error) => ({ error: message(error) }))
    process.stdout.write(`${JSON.stringify(answer)}\n`)
  }
  process.exit(0) // workers and timers of libraries do not keep it alive
}

function found(ready: Map<string, Ready>, name: string): Ready {
  const task = ready.get(name)
  if (task === undefined) throw new Error(`${name} is not prepared`)
  return task
}

/** The first line says it; a bundle's stack helps nobody. */
function message(error: unknown): string {
  return String(error instanceof Error ? error.message : error)
    .split('\n')[0]
    .slice(0, 200)
}
