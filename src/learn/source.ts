/** One exported function of a source file, as text. Files are formatted by Biome: a body ends at the first line that is `}` alone. */
export interface SourceFunction {
  readonly name: string
  /** The JSDoc comment above it, or ''. */
  readonly docstring: string
  /** Its first lines, from `export function` to the opening brace. */
  readonly head: string
  readonly parameters: readonly string[]
  readonly body: string
  /** Counted from 1: the line of `export function`. */
  readonly line: number
  /** Docstring, head, body and closing brace. */
  readonly text: string
}

const START = /^export (?:async )?function (\w+)/
const HEAD_END = /\)(?:: .*)? \{$/

/** The exported functions of a source text, in the order of the file. */
export function functionsOf(source: string): SourceFunction[] {
  const lines = source.split('\n')
  const found: SourceFunction[] = []
  for (let i = 0; i < lines.length; i++) {
    const name = START.exec(lines[i])?.[1]
    if (name === undefined) continue
    const headEnd = lines.findIndex((line, k) => k >= i && HEAD_END.test(line))
    const end = lines.findIndex((line, k) => k > headEnd && line === '}')
    if (headEnd < 0 || end < 0) continue
    const docStart = docstringStart(lines, i)
    const head = lines.slice(i, headEnd + 1).join('\n')
    found.push({
      name,
      docstring: lines.slice(docStart, i).join('\n'),
      head,
      parameters: parametersOf(head),
      body: lines.slice(headEnd + 1, end).join('\n'),
      line: i + 1,
      text: lines.slice(docStart, end + 1).join('\n'),
    })
  }
  return found
}

function docstringStart(lines: readonly string[], i: number): number {
  if (!lines[i - 1]?.endsWith('*/')) return i
  for (let k = i - 1; k >= 0; k--) if (lines[k].startsWith('/**')) return k
  return i
}

/** `f(x: Float64Array, w: { b: number } = {})` -> ['x', 'w'] */
function parametersOf(head: string): string[] {
  const names: string[] = []
  let depth = 0
  let current = ''
  for (const char of head.slice(head.indexOf('('))) {
    if ('([{<'.includes(char)) depth++
    if (')]}'.includes(char)) depth--
    if (char === '>' && !current.endsWith('=')) depth--
    if (depth === 0 || (depth === 1 && char === ',')) {
      names.push(current.replace(/^\(/, ''))
      current = ''
      if (depth === 0) break
    } else current += char
  }
  return names.map((text) => /^\s*(\w+)/.exec(text)?.[1] ?? '').filter((name) => name !== '')
}

/**
 * The lesson as it is shipped, made from its solution: the bodies of the blanks are taken out, and imports start one folder higher.
 * So a reset needs neither git nor a second copy, and the two files cannot drift apart.
 */
export function shippedText(solution: string, blanks: readonly string[]): string {
  let text = solution.replaceAll("from '../../", "from '../").replace('import { lesson }', 'import { blank, lesson }')
  for (const { name, head, body, parameters } of functionsOf(text)) {
    if (!blanks.includes(name)) continue
    const call = `blank(${[`'${name}'`, ...parameters].join(', ')})`
    const blanked = head.endsWith('): void {') ? `  ${call}` : `  return ${call}`
    text = text.replace(`${head}\n${body}\n}`, () => `${head}\n${blanked}\n}`)
  }
  return text
}

/** The comment that opens a lesson file, as plain text: what the concept is. */
export function openingComment(source: string): string {
  const comment = /^\/\*\*([\s\S]*?)\*\//.exec(source)?.[1] ?? ''
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim()
}

/**
 * A part of a source text, by name: an exported function with its docstring, or the lines between `// #region name` and `// #endregion`.
 * undefined where there is none.
 */
export function regionOf(source: string, name: string): string | undefined {
  const lines = source.split('\n')
  const start = lines.findIndex((line) => line.trim() === `// #region ${name}`)
  if (start < 0) return functionsOf(source).find((f) => f.name === name)?.text
  const end = lines.findIndex((line, i) => i > start && line.trim() === '// #endregion')
  return end < 0 ? undefined : lines.slice(start + 1, end).join('\n')
}
