import type { Canvas } from './canvas.ts'
import { checkPositiveInteger } from './check.ts'
import { type ColourDepth, terminal } from './terminal.ts'

export interface TextOptions {
  /** Columns; no line is wider. Default: the terminal's, 80 where there is none. */
  readonly width?: number
  /** Default: what the terminal shows. */
  readonly colour?: ColourDepth
}

/**
 * A picture of numbers as they were when it was made: later changes of the data do not change it.
 *
 *     const loss = lines({ train: [3, 2, 1.5], validation: [3, 2.5, 2.4] }, { title: 'loss' })
 *     console.log(`${loss}`)                                // for the terminal at hand
 *     loss.text({ width: 60, colour: 'none' })              // for a given one
 *     await writeFile('loss.svg', loss.svg())               // the same picture as SVG
 */
export interface Picture {
  /** The picture for a terminal: lines joined by '\n', without one at the end. */
  text(options?: TextOptions): string
  /** The same content as a complete SVG document. */
  svg(): string
  /** `text()` for the terminal at hand. */
  toString(): string
}

const DEPTHS: readonly ColourDepth[] = ['none', '16', '256', '24-bit']

/** Makes a picture from what paints it: blocks of lines, one below the other, and an SVG document. */
export function picture(paint: (width: number, colour: ColourDepth) => readonly Canvas[], svg: () => string): Picture {
  const text = (options: TextOptions = {}): string => {
    const { width, colour } = { ...terminal(), ...options }
    checkPositiveInteger('text', 'width', width)
    if (!DEPTHS.includes(colour)) throw new RangeError(`text: colour must be one of ${DEPTHS.join(', ')}, got ${colour}`)
    return paint(width, colour)
      .flatMap((block) => block.render(colour))
      .join('\n')
  }
  const show = () => text()
  // Node's console.log asks objects for this.
  return Object.assign({ text, svg, toString: show }, { [Symbol.for('nodejs.util.inspect.custom')]: show })
}
