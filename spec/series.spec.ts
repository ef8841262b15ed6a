/** Series from CSV files: which column is taken, and what is refused. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSeries } from '../src/data/series.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gradus-series-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function file(text: string): string {
  const path = join(folder, 'prices.csv')
  writeFileSync(path, text)
  return path
}

describe('readSeries', () => {
  it.each([
    ['the column close', 'Date,Open,Close,Volume\n2024-01-02,10,11.5,900\n2024-01-03,12,1.25e1,800\n', [11.5, 12.5]],
    ['the column price', 'price,amount\n3,1\n4,2\n', [3, 4]],
    ['close before price', 'price,close\n3,1\n4,2\n', [1, 2]],
    ['the last column of numbers, where none has such a name', 'day,value,note\n1,5,a\n2,6,b\n', [5, 6]],
    ['a file without a header', '1\n2\n-3.5\n', [1, 2, -3.5]],
    ['a date before each number, without a header', '2024-01-02,7\n2024-01-03,8\n', [7, 8]],
    ['what a spreadsheet writes: a mark in front, CRLF, quotes', '\ufeff"Date","Close"\r\n"Jan 2, 2024","7"\r\n', [7]],
  ])('reads %s', (_, text, values) => {
    expect([...readSeries(file(text))]).toEqual(values)
  })

  it.each([
    ['an empty file', '', 'there are no rows of numbers'],
    ['a header alone', 'date,close\n', 'there are no rows of numbers'],
    ['a gap', 'date,close\na,1\nb,null\n', "line 3: expected a number in column 2, got 'null'"],
    ['a row that is too short', 'date,close\na,1\nb\n', "line 3: expected a number in column 2, got ''"],
    ['no numbers', 'a,b\nc,d\n', 'no column is named close or price, and none holds numbers alone'],
  ])('refuses %s', (_, text, message) => {
    expect(() => readSeries(file(text))).toThrow(`readSeries: ${join(folder, 'prices.csv')}: ${message}`)
  })

  it('refuses a file that is not there', () => {
    expect(() => readSeries(join(folder, 'none.csv'))).toThrow('none.csv cannot be read: there is no such file or folder')
  })
})
