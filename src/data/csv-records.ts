import { GradusError } from '../errors.ts'

/** The fields between two line breaks. */
export interface CsvRecord {
  /** The line on which it begins, from 1. */
  readonly line: number
  readonly fields: readonly string[]
}

/** The records of a text in CSV, as RFC 4180 describes it (lines may end in LF alone). Empty lines at the end are no records. `path` stands in the messages. */
export function parseCsv(path: string, text: string, delimiter: string): CsvRecord[] {
  const records: CsvRecord[] = []
  let fields: string[] = []
  let line = 1
  let start = 1 // the line on which the record begins
  let at = 0
  const refuse = (problem: string) => new GradusError('csv', `${path}: line ${line}, column ${fields.length + 1}: ${problem}`)

  /** A field in quotes: what stands between them, two quotes for one. */
  function quoted(): string {
    let value = ''
    const from = line
    for (at++; ; at += 2) {
      const end = text.indexOf('"', at)
      if (end < 0) {
        line = from
        throw refuse('the quote that opens this field is never closed')
      }
      const piece = text.slice(at, end)
      line += piece.split('\n').length - 1
      value += piece
      at = end
      if (text[at + 1] !== '"') break
      value += '"'
    }
    at++ // behind the quote that closes
    if (at < text.length && text[at] !== delimiter && !isBreak())
      throw refuse('expected a delimiter or a line break after the closing quote')
    return value
  }

  /** Up to the next delimiter or line break. */
  function plain(): string {
    const from = at
    while (at < text.length && text[at] !== delimiter && !isBreak()) {
      if (text[at] === '"') throw refuse('a quote inside a field; put the whole field in quotes, and double those inside')
      at++
    }
    return text.slice(from, at)
  }

  const isBreak = () => text[at] === '\n' || (text[at] === '\r' && text[at + 1] === '\n')

  while (at < text.length) {
    fields.push(text[at] === '"' ? quoted() : plain())
    if (text[at] === delimiter) {
      at++
      if (at < text.length && !isBreak()) continue
      fields.push('') // nothing after the last delimiter
    }
    records.push({ line: start, fields })
    fields = []
    at += text[at] === '\r' ? 2 : 1
    start = ++line
  }
  while (records.length > 0 && records[records.length - 1].fields.join('') === '' && records[records.length - 1].fields.length === 1)
    records.pop()
  return records
}
