/** What is remembered of a learner is never half written, never lost in silence, and never in the way. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ProgressFile } from '../src/learn/progress.ts'
import { reason } from '../src/node.ts'

let folder = ''
let told: string[] = []
const open = () => new ProgressFile((trouble) => told.push(trouble), join(folder, '.gradus'))
const path = () => join(folder, '.gradus/progress.json')

function write(text: string): void {
  mkdirSync(join(folder, '.gradus'), { recursive: true })
  writeFileSync(path(), text)
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gradus-progress-'))
  told = []
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('progress', () => {
  it('begins with nothing, and without a file', () => {
    expect(open().lesson('perceptron')).toEqual({ passed: [], of: 0, hints: {} })
    expect(existsSync(path())).toBe(false)
    expect(told).toEqual([])
  })

  it('is remembered by the name of the lesson, each change on top of what the file says now', () => {
    const [one, other] = [open(), open()]
    one.update('perceptron', { passed: ['output'], of: 5 })
    other.update('mlp', { hints: { accuracy: 2 } })
    one.setCurrent('mlp')
    expect(open().read()).toEqual({
      current: 'mlp',
      lessons: { perceptron: { passed: ['output'], of: 5, hints: {} }, mlp: { passed: [], of: 0, hints: { accuracy: 2 } } },
    })
    expect(readdirSync(join(folder, '.gradus'))).toEqual(['progress.json'])
  })

  it('keeps what this version does not know', () => {
    write(JSON.stringify({ theme: 'dark', lessons: { perceptron: { passed: [], stars: 3 }, 'a-lesson-to-come': { passed: ['f'] } } }))
    open().update('perceptron', { passed: ['output'], of: 5 })
    const kept = JSON.parse(readFileSync(path(), 'utf8'))
    expect(kept).toMatchObject({
      theme: 'dark',
      lessons: { perceptron: { passed: ['output'], stars: 3 }, 'a-lesson-to-come': { passed: ['f'] } },
    })
  })

  it.each([
    ['{"lessons": {"perceptron": {"pas', 'cut off'],
    ['', 'empty'],
    ['null', 'no object'],
    ['{"lessons": [1]}', 'a list'],
    ['{"lessons": {"perceptron": {"passed": "all"}}}', 'a text for a list'],
    ['{"lessons": {"perceptron": null}}', 'nothing'],
  ])('that is damaged (%s) is set aside and said', (text) => {
    write(text)
    const progress = open()
    expect(progress.lesson('perceptron').passed).toEqual([])
    expect(told).toHaveLength(1)
    expect(told[0]).toMatch(/progress\.json is damaged .*It is kept as .*progress\.json\.broken-.*your files in exercises\/ are all there/)
    progress.update('perceptron', { passed: ['output'], of: 5 })
    const files = readdirSync(join(folder, '.gradus')).sort()
    expect(files).toHaveLength(2)
    expect(readFileSync(join(folder, '.gradus', files[1]), 'utf8')).toBe(text)
    expect(told).toHaveLength(1)
  })

  it('that cannot be saved is said once, and lives until the end', () => {
    writeFileSync(join(folder, '.gradus'), 'a file where the folder should be')
    const progress = open()
    progress.update('perceptron', { hints: { output: 1 } })
    progress.update('perceptron', { hints: { output: 2 } })
    expect(progress.lesson('perceptron').hints).toEqual({ output: 2 })
    expect(told).toHaveLength(1)
    expect(told[0]).toMatch(/cannot be saved in .*: a file stands where a folder should be/)
  })

  it('leaves the old file whole when the new one cannot be written', () => {
    write('{"lessons": {}}')
    mkdirSync(join(folder, '.gradus', `progress.json.${process.pid}.tmp`)) // as good as a full disk: the new file cannot be made
    open().update('perceptron', { of: 5 })
    expect(readFileSync(path(), 'utf8')).toBe('{"lessons": {}}')
    expect(told).toHaveLength(1)
  })

  it('names the reasons that a learner can do something about', () => {
    const failure = (code: string) => reason(Object.assign(new Error('raw'), { code }))
    expect(failure('ENOSPC')).toBe('the disk is full')
    expect(failure('EROFS')).toBe('the folder is read-only')
    expect(failure('EACCES')).toBe('access is not allowed')
    expect(failure('EODD')).toBe('raw')
  })
})
