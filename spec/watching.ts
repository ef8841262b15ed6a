/** `npm run learn` as a process of its own, for specs that edit while it watches. */
import { spawn } from 'node:child_process'
import { bareEnvironment } from './project-copy.ts'

/** Looks again and again, until it sees something. */
export async function until<T>(what: string, look: () => T | undefined | false, withinMs = 30_000): Promise<T> {
  const end = Date.now() + withinMs
  for (;;) {
    const seen = look()
    if (seen) return seen
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`)
    await new Promise((later) => setTimeout(later, 10))
  }
}

/** Starts `npm run learn <lesson>` without a terminal; `text()` is what it has printed since the last `mark()`. */
export function startLearning(copy: string, lesson: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/learn/watch-cli.ts', lesson], { cwd: copy, env: bareEnvironment() })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  let printed = ''
  let from = 0
  child.stdout.on('data', (chunk) => (printed += chunk))
  child.stderr.on('data', (chunk) => (printed += chunk))
  const text = () => printed.slice(from)
  return {
    child,
    ended,
    end: () => {
      child.kill()
      return ended
    },
    text,
    mark: () => (from = printed.length),
    /** Waits for a complete screen that contains `part`. */
    shows: (part: string | RegExp) =>
      until(`${part} in\n${text()}`, () =>
        text().match(part) && /\d lessons\n/.test(text().slice(text().search(part))) ? text() : undefined,
      ),
  }
}
