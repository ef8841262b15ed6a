import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { terminal } from '../plot/terminal.ts'
import type { Verdict } from './judge.ts'
import type { CheckRequest, DemoRequest, Message, Request } from './message.ts'

/** How long one thing may take before it is taken for an endless loop. */
export const limits = {
  /** Loading a lesson file. */
  loadMs: 15_000,
  /** Checking one function; a right one takes a few hundredths of a second. */
  checkMs: 5_000,
  /** A demo without anything new to see. */
  silenceMs: 30_000,
}

export interface CheckRun {
  /** In the order of the file; empty where the file cannot be loaded. */
  readonly verdicts: readonly Verdict[]
  /** Why the file cannot be loaded. */
  readonly broken?: string
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
  for (;;) {
    const request: CheckRequest = { kind: 'check', ...asked, done: verdicts.map((verdict) => verdict.name) }
    const child = start(request, 'pipe', signal)
    child.stdout?.on('data', (chunk) => (printed += chunk))
    let checking: string | undefined
    let broken: string | undefined
    const end = await watch(child, limits.loadMs, (message, allow) => {
      if (message.type === 'loaded') allow(limits.checkMs)
      if (message.type === 'broken') broken = message.text
      if (message.type === 'checking') {
        checking = message.name
        allow(limits.checkMs)
      }
      if (message.type === 'verdict') {
        checking = undefined
        verdicts.push(message.verdict)
      }
    })
    if (end.kind === 'done' || signal?.aborted) return { verdicts, broken, printed }
    if (broken !== undefined) return { verdicts, broken, printed }
    if (checking === undefined) return { verdicts, printed, broken: ending(end, limits.loadMs) }
    verdicts.push({ name: checking, state: 'wrong', came: ending(end, limits.checkMs), endless: end.kind === 'late' })
  }
}

export interface DemoRun {
  /** Why the demo did not come to its end. */
  readonly failed?: string
  /** Whether the file itself could not be loaded. */
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
  const child = start({ kind: 'demo', ...asked, columns }, stdio, signal)
  const blanks: string[] = []
  let output = ''
  let failed: string | undefined
  let broken = false
  child.stdout?.on('data', (chunk) => (output += chunk))
  const end = await watch(child, limits.loadMs, (message, allow) => {
    if (message.type === 'loaded' || message.type === 'alive') allow(limits.silenceMs)
    if (message.type === 'blank') blanks.push(message.name)
    if (message.type === 'failed' || message.type === 'broken') failed = message.text
    if (message.type === 'broken') broken = true
  })
  if (end.kind !== 'done') failed ??= ending(end, limits.silenceMs)
  return { failed, broken, blanks, output }
}

type End =
  | { readonly kind: 'done' }
  | { readonly kind: 'late' }
  | { readonly kind: 'failed'; readonly text: string }
  | { readonly kind: 'gone'; readonly how: string }

function ending(end: End, limitMs: number): string {
  if (end.kind === 'late') return `did not finish within ${limitMs / 1000} seconds: an endless loop?`
  if (end.kind === 'failed') return end.text
  return end.kind === 'gone' ? `the process ended (${end.how}): process.exit(), or out of memory?` : ''
}

function start(request: Request, stdio: 'inherit' | 'pipe', signal: AbortSignal | undefined): ChildProcess {
  endTogether()
  const child = fork(fileURLToPath(new URL('./child.ts', import.meta.url)), [JSON.stringify(request)], {
    execArgv: ['--import', import.meta.resolve('tsx')],
    stdio: ['ignore', stdio, stdio === 'pipe' ? 'ignore' : 'inherit', 'ipc'],
    env: { ...process.env, ...colours(stdio) },
    signal,
    killSignal: 'SIGKILL',
  })
  children.add(child)
  child.on('close', () => children.delete(child))
  return child
}

const children = new Set<ChildProcess>()
let endsTogether = false

/** A child that loops for ever does not notice that the runner is gone: it is ended with it. */
function endTogether(): void {
  if (endsTogether) return
  endsTogether = true
  process.on('exit', () => {
    for (const child of children) child.kill('SIGKILL')
  })
  for (const [signal, code] of [
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    process.on(signal, () => process.exit(code))
}

/** Through a pipe a child does not see the terminal: it is told of its colours. */
function colours(stdio: 'inherit' | 'pipe'): Record<string, string> {
  if (stdio === 'inherit') return {}
  const { colour } = terminal()
  return colour === 'none' ? { NO_COLOR: '1' } : { FORCE_COLOR: { '16': '1', '256': '2', '24-bit': '3' }[colour] }
}

/** Listens to a child until it ends; kills it when it says nothing for as long as it is allowed to. */
function watch(child: ChildProcess, firstMs: number, hear: (message: Message, allow: (ms: number) => void) => void): Promise<End> {
  return new Promise((resolve) => {
    let end: End | undefined
    let timer: NodeJS.Timeout | undefined
    const allow = (ms: number) => {
      clearTimeout(timer)
      timer = setTimeout(() => {
        end = { kind: 'late' }
        child.kill('SIGKILL')
      }, ms)
    }
    allow(firstMs)
    child.on('message', (message: Message) => {
      if (message.type === 'done') end = { kind: 'done' }
      if (message.type === 'failed') end = { kind: 'failed', text: message.text }
      hear(message, allow)
    })
    child.on('error', (error) => (end ??= { kind: 'gone', how: error.message }))
    child.on('close', (code, killed) => {
      clearTimeout(timer)
      resolve(end ?? { kind: 'gone', how: killed ? `signal ${killed}` : `code ${code}` })
    })
  })
}
