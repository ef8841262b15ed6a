import { stripVTControlCharacters } from 'node:util'
import picocolors from 'picocolors'
import { displayWidth } from '../plot/display-width.ts'
import { terminal } from '../plot/terminal.ts'

/** Colours where the terminal has them and nobody objects; elsewhere the plain text. */
export const ink = () => picocolors.createColors(terminal().colour !== 'none')

/** The width of text: that of the terminal, but lines beyond 100 characters are hard to read. */
export const textWidth = (): number => Math.min(terminal().width, 100)

const columns = (text: string): number => displayWidth(stripVTControlCharacters(text))

/** Breaks a text at spaces, so that no line is longer than the terminal; all lines but the first begin with `indent`. */
export function wrap(text: string, indent = '', width = textWidth()): string {
  const lines: string[] = []
  for (const paragraph of text.split('\n')) {
    let line = ''
    for (const word of paragraph.split(/(?<=\S) /)) {
      if (line !== '' && columns(line) + 1 + columns(word) > width) {
        lines.push(line)
        line = indent + word
      } else line = line === '' ? word : `${line} ${word}`
    }
    lines.push(line)
  }
  return lines.join('\n')
}
