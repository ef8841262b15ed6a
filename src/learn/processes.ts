import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { terminal } from '../plot/terminal.ts'
import type { CheckRequest, DemoRequest, Message, Request } from './message.ts'

type Stdio = 'inherit' | 'pipe'

/** Starts a demo in a process of its own. */
export function startDemo(request: DemoRequest, stdio: Stdio, signal: AbortSignal | undefined): ChildProcess {
  return ask(startChild('demo', request.lesson, stdio), request, signal)
}

/** Starts a check: in the child that is ready for this lesson, if there is one. */
export function startCheck(request: CheckRequest, signal: AbortSignal | undefined): ChildProcess {
  const ready = spare?.lesson === request.lesson && spare.child.connected ? spare.child : undefined
  if (ready !== undefined) spare = undefined
  return ask(ready ?? startChild('check', request.lesson, 'pipe'), request, signal)
}

let spare: { readonly lesson: string; readonly child: ChildProcess } | undefined

/** Gets a child ready for the next check of a lesson, with all loaded but the learner's file: a save is answered at once. */
export function prepareCheck(lesson: string): void {
  if (spare?.lesson === lesson && spare.child.connected) return
  spare?.child.kill('SIGKILL')
  spare = { lesson, child: startChild('check', lesson, 'pipe') }
}

function ask(child: ChildProcess, request: Request, signal: AbortSignal | undefined): ChildProcess {
  const kill = () => child.kill('SIGKILL')
  if (signal?.aborted) kill()
  signal?.addEventListener('abort', kill, { once: true })
  child.on('close', () => signal?.removeEventListener('abort', kill))
  child.send(request, () => {}) // a child that is gone already is noticed by its end
  return child
}

function startChild(kind: Request['kind'], lesson: string, stdio: Stdio): ChildProcess {
  endTogether()
  const child = fork(fileURLToPath(new URL('./child.ts', import.meta.url)), [kind, lesson], {
    execArgv: ['--import', import.meta.resolve('tsx')],
    stdio: ['ignore', stdio, stdio === 'pipe' ? 'ignore' : 'inherit', 'ipc'],
    env: { ...process.env, ...colours(stdio) },
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
  process.on('SIGHUP', () => process.exit(129))
  process.on('SIGINT', () => process.exit(130))
  process.on('SIGTERM', () => process.exit(143))
}

/** Through a pipe a child does not see the terminal: it is told of its colours. */
function colours(stdio: Stdio): Record<string, string> {
  if (stdio === 'inherit') return {}
  const { colour } = terminal()
  return colour === 'none' ? { NO_COLOR: '1' } : { FORCE_COLOR: { '16': '1', '256': '2', '24-bit': '3' }[colour] }
}

/** How a child came to its end. */
export type End =
  | { readonly kind: 'done' }
  | { readonly kind: 'late'; readonly afterMs: number }
  | { readonly kind: 'failed'; readonly text: string }
  | { readonly kind: 'gone'; readonly how: string }

/** Listens to a child until it ends; kills it when it says nothing for as long as it is allowed to. */
export function follow(child: ChildProcess, firstMs: number, hear: (message: Message, allow: (ms: number) => void) => void): Promise<End> {
  return new Promise((resolve) => {
    let end: End | undefined
    let timer: NodeJS.Timeout | undefined
    const allow = (ms: number) => {
      clearTimeout(timer)
      timer = setTimeout(() => {
        end = { kind: 'late', afterMs: ms }
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
