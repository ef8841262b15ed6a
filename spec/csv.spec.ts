/** Tables from CSV files: what RFC 4180 allows is read, and what is no table of numbers is an error with line and column. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseCsv } from '../src/data/csv-records.ts'
import { data, GradusError, setBackend } from '../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'gradus-csv-'))
const path = join(folder, 'table.csv')
beforeAll(() => setBackend('reference'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function read(text: string | Uint8Array, options: data.CsvOptions = {}): data.Features {
  writeFileSync(path, text)
  return data.csv(path, options)
}
const fieldsOf = (text: string) => parseCsv('file', text, ',').map(({ fields }) => fields)

describe('data.csv', () => {
  it('reads all columns as numbers', () => {
    const { x, featureNames } = read('a,b\n1,2.5\n-3e2, .5 \n')
    expect([x.shape, x.dtype, featureNames]).toEqual([[2, 2], 'float32', ['a', 'b']])
    expect(x.toArray()).toEqual([
      [1, 2.5],
      [-300, 0.5],
    ])
  })

  it('reads some columns, in the order asked for, and leaves dates alone', () => {
    const text = 'date,open,close\n2024-01-02,1,2\n2024-01-03,3,4\n'
    const { x, featureNames } = read(text, { columns: ['close', 1] })
    expect([x.toArray(), featureNames]).toEqual([
      [
        [2, 1],
        [4, 3],
      ],
      ['close', 'open'],
    ])
  })

  it('reads a target, or classes by their names', () => {
    writeFileSync(path, 'size,species,age\n1,setosa,5\n2,"a ""b"", c",6\n3,setosa,7\n')
    const regression = data.csv(path, { columns: ['size'], target: 'age' })
    expect([regression.y.dtype, regression.y.toArray()]).toEqual(['float32', [5, 6, 7]])
    const classes = data.csv(path, { classes: 'species' })
    expect([classes.x.shape, classes.featureNames]).toEqual([
      [3, 2],
      ['size', 'age'],
    ])
    expect([classes.y.dtype, classes.y.toArray(), classes.targetNames]).toEqual(['int32', [1, 0, 1], ['a "b", c', 'setosa']])
  })

  it('reads a table without a header, with another delimiter, with the mark of Excel', () => {
    const { x, featureNames } = read('1;2\r\n3;4', { header: false, delimiter: ';' })
    expect([x.toArray(), featureNames]).toEqual([
      [
        [1, 2],
        [3, 4],
      ],
      ['0', '1'],
    ])
    expect(read('\ufeffa\r\n1\r\n\r\n\r\n').featureNames).toEqual(['a'])
    expect(read('2019,2020\n1,2\n', { header: true }).featureNames).toEqual(['2019', '2020'])
  })

  const cases: [string, string | Uint8Array, data.CsvOptions, RegExp][] = [
    ['an empty file', '', {}, /table\.csv is empty/],
    ['empty lines only', '\n\r\n\n', {}, /table\.csv is empty/],
    ['a header alone', 'a,b\n', {}, /has a header, but no rows/],
    ['numbers for a header', '1,2\n3,4\n', {}, /line 1 holds only numbers; if it is no header, say { header: false }/],
    ['a short row', 'a,b,c\n1,2,3\n4,5\n', {}, /line 3 has 2 fields, expected 3, as line 1 has/],
    ['a long row', 'a,b\n1,2,3\n', {}, /line 2 has 3 fields, expected 2/],
    ['an empty line between', 'a,b\n1,2\n\n3,4\n', {}, /line 3 has 1 field, expected 2/],
    ['a word', 'a,b\n1,2\n3,four\n', {}, /line 3, column 2 \('b'\): expected a number, got 'four'/],
    ['a gap', 'a,b\n1,\n', {}, /line 2, column 2 \('b'\): expected a number, got nothing/],
    ['NaN', 'a\nNaN\n', {}, /line 2, column 1 \('a'\): expected a number, got 'NaN'/],
    ['hexadecimal', 'a\n0x10\n', {}, /expected a number, got '0x10'/],
    ['thousands', 'a\n"1,000"\n', {}, /expected a number, got '1,000'/],
    ['a number beyond float32', 'a\n1e39\n', {}, /expected a number of float32, got '1e39'/],
    ['a word behind a field of two lines', 'n,a\n"1\n",2\n3,x\n', {}, /line 4, column 2 \('a'\): expected a number, got 'x'/],
    ['a quote that stays open', 'a,b\n1,"2\n3,4\n', {}, /line 2, column 2: the quote that opens this field is never closed/],
    ['a quote inside', 'a\n1"2\n', {}, /line 2, column 1: a quote inside a field/],
    ['text behind a quote', 'a,b\n1,"2"3\n', {}, /line 2, column 2: expected a delimiter or a line break after the closing quote/],
    ['a name twice', 'a,b,a\n1,2,3\n', {}, /the header names 'a' twice/],
    ['no such column', 'a,b\n1,2\n', { columns: ['c'] }, /columns: .* has no column "c"; it has 'a', 'b'/],
    ['no such number', 'a,b\n1,2\n', { target: 2 }, /target: .* has no column 2/],
    ['a class without a name', 'a,b\n1,x\n2,\n', { classes: 'b' }, /line 3, column 2 \('b'\): expected the name of a class, got nothing/],
    ['nothing for x', 'b\n1\n', { target: 'b' }, /x has no columns/],
    ['target and classes', 'a,b\n1,2\n', { target: 'a', classes: 'b' }, /give target \(numbers\) or classes \(names\), not both/],
    ['a long delimiter', 'a\n1\n', { delimiter: '::' }, /delimiter must be one character, no quote and no line break, got "::"/],
    ['bytes that are no text', Uint8Array.of(0x61, 0x0a, 0xff), {}, /is no text in UTF-8/],
  ]
  it.each(cases)('refuses %s', (_, text, options, message) => {
    expect(() => read(text, options)).toThrow(GradusError)
    expect(() => read(text, options)).toThrow(message)
    expect(() => read(text, options)).toThrow(/^csv: /)
  })

  it('says when the file is not there', () => {
    expect(() => data.csv(join(folder, 'no.csv'))).toThrow(/^csv: .*no\.csv cannot be read: there is no such file or folder$/)
  })
})

describe('the records of CSV', () => {
  it('are those of RFC 4180', () => {
    expect(fieldsOf('aaa,bbb\r\nzzz,yyy')).toEqual([
      ['aaa', 'bbb'],
      ['zzz', 'yyy'],
    ])
    expect(fieldsOf('"aaa","b\r\nbb","c""c"\r\n,,\n')).toEqual([
      ['aaa', 'b\r\nbb', 'c"c'],
      ['', '', ''],
    ])
  })

  it('come back from what was written, whatever the fields hold', () => {
    const field = fc.string({ unit: fc.constantFrom('a', '1', ',', '"', '\n', '\r', ' ', '글'), maxLength: 6 })
    const table = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(table, fc.constantFrom('\n', '\r\n'), fc.boolean(), (rows, lineBreak, last) => {
        const written = rows.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(',')).join(lineBreak)
        expect(fieldsOf(last ? written + lineBreak : written)).toEqual(rows)
      }),
      { numRuns: 200 },
    )
  })

  it('of any text are read, or are a GradusError', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '1', ',', '"', '\n', '\r', ' '), maxLength: 20 })
    fc.assert(
      fc.property(text, (text) => {
        try {
          for (const fields of fieldsOf(text)) expect(fields.length).toBeGreaterThan(0)
        } catch (error) {
          if (!(error instanceof GradusError)) throw error
        }
      }),
      { numRuns: 500 },
    )
  })
})
