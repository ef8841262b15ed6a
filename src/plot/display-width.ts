/**
 * East Asian Wide and Fullwidth (Unicode TR 11): Hangul, Han, Kana, fullwidth forms, and emoji shown as pictures. They take two columns.
 */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{17000}-\u{18cff}\u{1b000}-\u{1b2ff}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u
/** Marks that sit on a neighbour, and characters that only steer: no column of their own. */
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]+$/u
/** Control characters (with them the escape byte) would move the cursor; line and paragraph separators too. */
const CONTROL = /[\p{Cc}\u2028\u2029]/gu

/** One column each; most labels are only these, and need no segmentation. */
const ASCII = /^[ -~]*$/

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** The characters as a reader counts them: a Hangul syllable of three jamo is one, an emoji of several code points is one. */
export function graphemes(text: string): string[] {
  return ASCII.test(text) ? text.split('') : Array.from(segmenter.segment(text), (part) => part.segment)
}

/** Columns of one grapheme: 0, 1 or 2. */
export function graphemeWidth(grapheme: string): number {
  if (WIDE.test(grapheme)) return 2
  return ZERO.test(grapheme) ? 0 : 1
}

/** Columns that a text takes in a terminal.   displayWidth('손실 loss') = 9 */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length
  return graphemes(text).reduce((columns, grapheme) => columns + graphemeWidth(grapheme), 0)
}

/** The display width of the widest of the texts. */
export function widest(texts: Iterable<string>): number {
  let columns = 0
  for (const text of texts) columns = Math.max(columns, displayWidth(text))
  return columns
}

/** A label as one line: control characters, escape codes among them, become spaces. */
export function oneLine(text: string): string {
  return text.replace(CONTROL, ' ')
}

/** At most `width` columns; a cut is shown by an ellipsis.   truncate('confusion', 6) = 'confu…' */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let columns = 0
  let kept = ''
  for (const grapheme of graphemes(text)) {
    columns += graphemeWidth(grapheme)
    if (columns > width - 1) break
    kept += grapheme
  }
  return width < 1 ? '' : `${kept}…`
}

/** Spaces up to `width` columns, on the right or, with 'right' alignment, on the left. */
export function pad(text: string, width: number, align: 'left' | 'right' | 'centre' = 'left'): string {
  const free = Math.max(0, width - displayWidth(text))
  const left = align === 'left' ? 0 : align === 'right' ? free : Math.floor(free / 2)
  return ' '.repeat(left) + text + ' '.repeat(free - left)
}

/** Lines of at most `width` columns, broken between words where possible. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && displayWidth(`${line} ${word}`) <= width) line = `${line} ${word}`
    else {
      if (line !== '') lines.push(line)
      line = word
    }
    while (displayWidth(line) > Math.max(width, 2)) {
      const head = breakable(line, width)
      lines.push(head)
      line = line.slice(head.length)
    }
  }
  return [...lines, line]
}

/** The longest beginning that fits, at least one grapheme. */
function breakable(text: string, width: number): string {
  const parts = graphemes(text)
  let columns = graphemeWidth(parts[0])
  let count = 1
  while (count < parts.length && columns + graphemeWidth(parts[count]) <= width) columns += graphemeWidth(parts[count++])
  return parts.slice(0, count).join('')
}
