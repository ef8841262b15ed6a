import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Answer, Request } from './serve.ts'

export interface ContenderOptions {
  /** What starts it. Default: this Node with TypeScript. */
  command?: string
  args: readonly string[]
  env?: Record<string, string>
}

/** A process that answers requests, see serve.ts, and is started again where it died or took too long. */
export class Contender {
  readonly name: string
  private readonly options: ContenderOptions
  private child: ChildProcessWithoutNullStreams | null = null
  private waiting: ((answer: Answer) => void) | null = null
  private complaint = ''

  constructor(name: string, options: ContenderOptions) {
    this.name = name
    this.options = options
  }

  /** Its answer; an error, too, is an answer. Longer than `limit` milliseconds nobody waits. */
  ask(request: Request, limit = 60_000): Promise<Answer> {
    const child = this.child ?? this.start()
    return new Promise((resolve) => {
      const answer = (value: Answer) => {
        clearTimeout(timer)
        this.waiting = null
        resolve(value)
      }
      const timer = setTimeout(() => {
        this.stop()
        answer({ error: `took longer than ${(limit / 1000).toFixed(0)} s` })
      }, limit)
      this.waiting = answer
      child.stdin.write(`${JSON.stringify(request)}\n`)
    })
  }

  stop(): void {
    this.child?.kill('SIGKILL')
    this.child = null
  }

  private start(): ChildProcessWithoutNullStreams {
    const { command = process.execPath, args, env = {} } = this.options
    const child = spawn(command, command === process.execPath ? ['--import', 'tsx', ...args] : args, { env: { ...process.env, ...env } })
    this.child = child
    this.complaint = ''
    child.stdin.on('error', () => {}) // it is gone; 'close' says so
    child.stderr.on('data', (text) => {
      this.complaint = `${this.complaint}${text}`.slice(-2000)
    })
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('{') && this.child === child) this.waiting?.(JSON.parse(line))
    })
    const gone = (why: string) => {
      if (this.child !== child) return
      this.child = null
      this.waiting?.({ error: why })
    }
    child.on('error', (error) => gone(error.message))
    child.on('close', (code, signal) => gone(lastError(this.complaint) ?? `ended with ${signal ?? code}`))
    return child
  }
}

/** The line of a stack trace that names the error. */
function lastError(text: string): string | undefined {
  return text.split('\n').findLast((line) => /^\w*(Error|Exception)\b/.test(line))
}
