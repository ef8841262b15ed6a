import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { reason } from '../node.ts'
import { wrap } from './ink.ts'
import { shortPath } from './paths.ts'
import type { DemoContext, DemoOptions } from './role.ts'

interface Stage {
  readonly lesson: string
  readonly options: DemoOptions
  /** The folder for SVG files. */
  readonly svg: string | undefined
  /** Called when there is something to see: a demo that shows nothing for long is taken for an endless loop. */
  alive(): void
}

const ALIVE_EVERY_MS = 250

/** What a demo works with; it writes to standard output at once. */
export function createContext({ lesson, options, svg, alive }: Stage): DemoContext {
  let pictures = 0
  let statusWidth = 0
  let lastAlive = 0

  function signOfLife(): void {
    const now = Date.now()
    if (now - lastAlive < ALIVE_EVERY_MS) return
    lastAlive = now
    alive()
  }

  function write(text: string): void {
    signOfLife()
    process.stdout.write(text)
  }

  function print(...lines: string[]): void {
    if (statusWidth > 0) write(`\r${' '.repeat(statusWidth)}\r`)
    statusWidth = 0
    write(`${lines.join('\n')}\n`)
  }

  return {
    options,
    print: (...lines) => print(...lines.map((line) => wrap(line))),
    show(picture, caption) {
      pictures++
      print(typeof picture === 'string' ? picture : picture.text())
      if (caption !== undefined) print(wrap(caption))
      if (svg === undefined || typeof picture === 'string') return
      const file = join(svg, `${lesson}-${pictures}.svg`)
      try {
        mkdirSync(svg, { recursive: true })
        writeFileSync(file, picture.svg())
      } catch (error) {
        throw new Error(`${file} cannot be written: ${reason(error)}`)
      }
      print(`saved as ${shortPath(file)}`)
    },
    status(line) {
      if (!process.stdout.isTTY) return signOfLife()
      write(`\r${line.padEnd(statusWidth)}`)
      statusWidth = line.length
    },
  }
}
