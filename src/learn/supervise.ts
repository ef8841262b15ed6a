import { terminal } from '../plot/terminal.ts'
import type { Verdict } from './judge.ts'
import type { CheckRequest, DemoRequest } from './message.ts'
import { type End, follow, startCheck, startDemo } from './processes.ts'

/** How long one thing may take before it is taken for an endless loop. */
export const limits = {
  /** Loading a lesson file; where it is compiled, this long for the solution, and again for the file. */
  loadMs: 15_000,
  /** Checking one function; a right one takes a few hundredths of a second. */
  checkMs: 5_000,
  /** One call of it on a GPU, which compiles each kernel when it first meets it; software adapters take seconds for the large ones. */
  gpuCallMs: 20_000,
  /** A demo without anything new to see. */
  silenceMs: 30_000,
}

export interface CheckRun {
  /** In the order of the file; empty where the file cannot be loaded. */
  readonly verdicts: readonly Verdict[]
  /** Why nothing could be checked. */
  readonly broken?: string
  /** The file is not to blame for that: this machine lacks what the lesson needs. */
  readonly lacking?: boolean
  /** What the learner's functions printed. */
  readonly printed: string
}

export interface Checking extends Omit<CheckRequest, 'kind' | 'done'> {
  readonly signal?: AbortSignal
}

/** Checks a lesson in a process of its own; after a function that never ends the others are still checked, in a fresh one. */
export async function runChecks({ signal, ...asked }: Checking): Promise<CheckRun> {
  const verdicts: Verdict[] = []
  let printed = ''
  const checkMs = asked.backend === 'webgpu' ? limits.gpuCallMs : limits.checkMs
  for (;;) {
    const request: CheckRequest = { kind: 'check', ...asked, done: verdicts.map((verdict) => verdict.name) }
    const child = startCheck(request, signal)
    child.stdout?.on('data', (chunk) => (printed += chunk))
    let checking: string | undefined
    let broken: string | undefined
    let lacking = false
    const end = await follow(child, limits.loadMs, (message, allow) => {
      if (message.type === 'alive') allow(checking === undefined ? limits.loadMs : checkMs)
      if (message.type === 'loaded') allow(checkMs)
      if (message.type === 'broken' || message.type === 'lacking') broken = message.text
      if (message.type === 'lacking') lacking = true
      if (message.type === 'checking') {
        checking = message.name
        allow(checkMs)
      }
      if (message.type === 'verdict') {
        checking = undefined
        verdicts.push(message.verdict)
      }
    })
    if (broken !== undefined) return { verdicts, broken, lacking, printed }
    if (end.kind === 'done' || signal?.aborted) return { verdicts, printed }
    if (checking === undefined) return { verdicts, printed, broken: ending(end) }
    verdicts.push({ name: checking, state: 'wrong', came: ending(end), endless: end.kind === 'late' })
  }
}

export interface DemoRun {
  /** Why the demo did not come to its end. */
  readonly failed?: string
  /** Whether that is so for the checks as well: the file cannot be loaded, or this machine lacks what it needs. */
  readonly broken: boolean
  /** The blanks that the solution stood in for. */
  readonly blanks: readonly string[]
  /** What it printed, where it was not to print by itself. */
  readonly output: string
}

export interface Demonstrating extends Omit<DemoRequest, 'kind' | 'columns'> {
  /** 'inherit': straight to the terminal. 'pipe': into `output`. */
  readonly stdio: 'inherit' | 'pipe'
  readonly signal?: AbortSignal
}

/** Runs a lesson's demo in a process of its own. */
export async function runDemo({ stdio, signal, ...asked }: Demonstrating): Promise<DemoRun> {
  const columns = stdio === 'pipe' ? terminal().width : undefined
  const child = startDemo({ kind: 'demo', ...asked, columns }, stdio, signal)
  const blanks: string[] = []
  let output = ''
  let failed: string | undefined
  let broken = false
  child.stdout?.on('data', (chunk) => (output += chunk))
  const end = await follow(child, limits.loadMs, (message, allow) => {
    if (message.type === 'loaded' || message.type === 'alive') allow(limits.silenceMs)
    if (message.type === 'blank') blanks.push(message.name)
    const isBroken = message.type === 'broken' || message.type === 'lacking'
    if (isBroken || message.type === 'failed') failed = message.text
    if (isBroken) broken = true
  })
  if (end.kind !== 'done') failed ??= ending(end)
  return { failed, broken, blanks, output }
}

function ending(end: End): string {
  if (end.kind === 'late') return `did not finish within ${end.afterMs / 1000} seconds: an endless loop?`
  if (end.kind === 'failed') return end.text
  return end.kind === 'gone' ? `the process ended (${end.how}): process.exit(), or out of memory?` : ''
}
