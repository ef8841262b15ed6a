/** npm run learn: from an edit to a verdict, whatever the editor does and whatever the learner writes. */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { FileWatch } from '../src/learn/watch.ts'
import { bareEnvironment, copyOfProject, fillIn } from './project-copy.ts'
import { startLearning, until } from './watching.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function project(): Promise<string> {
  const copy = await copyOfProject(['perceptron'])
  cleanups.push(() => rmSync(copy, { recursive: true, force: true }))
  return copy
}

/** `npm run learn perceptron`, ended with the test. */
function learn(copy: string) {
  const session = startLearning(copy, 'perceptron')
  cleanups.push(session.end)
  return session
}

const noBias = { weightedSum: '  let v = 0\n  for (let i = 0; i < x.length; i++) v += neuron.w[i] * x[i]\n  return v' }

describe('npm run learn', () => {
  it('gives a verdict after every save, in the order output, verdict, progress, and outlives what it is given', async () => {
    const copy = await project()
    const file = join(copy, 'exercises/perceptron.ts')
    const shipped = readFileSync(file, 'utf8')
    mkdirSync(join(copy, '.gradus'))
    writeFileSync(join(copy, '.gradus/progress.json'), '{"lessons": {"perc') // as a power cut leaves it
    const session = learn(copy)
    await session.shows('0 of 5 pass')
    expect(session.text()).toContain('Keys are off')
    expect(session.text()).toContain('progress.json is damaged')

    session.mark()
    fillIn(copy, 'perceptron', noBias)
    const screen = await session.shows('the bias b is missing')
    expect(screen.indexOf('mistakes per epoch')).toBeLessThan(screen.indexOf('✗ weightedSum'))
    expect(screen.indexOf('✗ weightedSum')).toBeLessThan(screen.indexOf('Progress'))

    session.mark()
    writeFileSync(`${file}.swap`, shipped) // some editors write another file and rename it
    renameSync(`${file}.swap`, file)
    await session.shows('○ weightedSum')

    session.mark()
    writeFileSync(file, shipped.replace('export function step(', 'export function step(('))
    expect(await session.shows('cannot be run')).toMatch(/syntax error: .*\(exercises\/perceptron\.ts:\d+\)/)

    session.mark()
    rmSync(file)
    await session.shows('is missing')

    session.mark()
    writeFileSync(file, shipped)
    fillIn(copy, 'perceptron', { boundary: '  for (;;);' })
    await session.shows('an endless loop\\?')
    session.mark()
    fillIn(copy, 'perceptron', { boundary: '  return -(neuron.w[0] * x1 + neuron.b) / neuron.w[1]' })
    await session.shows('✓ boundary')

    expect(JSON.parse(readFileSync(join(copy, '.gradus/progress.json'), 'utf8'))).toMatchObject({
      current: 'perceptron',
      lessons: { perceptron: { passed: ['boundary'], of: 5 } },
    })
    session.child.kill('SIGINT')
    expect(await session.ended).toBe(130)
  })

  it('gives up the verdict on an old text as soon as there is a new one', async () => {
    const copy = await project()
    fillIn(copy, 'perceptron', { weightedSum: '  for (;;);' })
    const session = learn(copy)
    await until('the watcher to be at work', () => session.child.pid !== undefined && readdirSync(copy).includes('.gradus'))
    await new Promise((later) => setTimeout(later, 500))
    fillIn(copy, 'perceptron', { weightedSum: "  return blank('weightedSum', neuron, x)" })
    await session.shows('○ weightedSum')
    expect(session.text()).not.toContain('endless loop')
  })
})

/** A session whose keys are pressed by messages, and whose screens are messages. */
const KEYBOARD = `
import { manifest } from './src/learn/manifest.ts'
import { ProgressFile } from './src/learn/progress.ts'
import { Session } from './src/learn/session.ts'
const options = async () => ({ seed: 1, epochs: undefined, data: '', backend: undefined, quick: true })
const quit = () => process.exit(0)
const draw = (screen: string) => process.send?.(screen)
const session = new Session({ lesson: manifest[0], options, progress: new ProgressFile(() => {}), keys: true, draw, quit })
process.on('message', (key: string) => session.press(key))
session.open(manifest[0])
`

async function keyboard(copy: string) {
  writeFileSync(join(copy, 'keyboard.ts'), KEYBOARD)
  const child: ChildProcess = fork(join(copy, 'keyboard.ts'), {
    cwd: copy,
    execArgv: ['--import', 'tsx'],
    env: { ...bareEnvironment(), NO_COLOR: '1' },
  })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  cleanups.push(() => {
    child.kill()
    return ended
  })
  const screens: string[] = []
  child.on('message', (screen: string) => screens.push(screen))
  await until('the first screen', () => screens.find((screen) => screen.includes('0 of 5 pass')))
  const press = (key: string, part: string) => {
    screens.length = 0
    child.send(key)
    return until(`${part} after ${key}`, () => screens.find((screen) => screen.includes(part)))
  }
  return { child, ended, press, screens }
}

describe('the keys', () => {
  it('give hints, list, turn pages, reset with a backup, and quit', async () => {
    const copy = await project()
    const file = join(copy, 'exercises/perceptron.ts')
    const shipped = readFileSync(file, 'utf8')
    const { child, ended, press, screens } = await keyboard(copy)
    expect(await press('h', 'weightedSum   hint 1 of 3')).toContain('h hint  n next  p previous  l list  r reset  q quit')
    await press('h', 'hint 2 of 3')
    expect(await press('l', '0/5')).toMatch(/○ perceptron +0\/5 +The perceptron/)
    await press('p', 'This is the first lesson.')

    screens.length = 0
    fillIn(copy, 'perceptron', noBias)
    await until('the verdict', () => screens.find((screen) => screen.includes('the bias b is missing')))
    const mine = readFileSync(file, 'utf8')
    await press('r', 'as it was shipped?')
    await press('x', 'Nothing was changed.')
    expect(readFileSync(file, 'utf8')).toBe(mine)
    await press('r', 'as it was shipped?')
    await press('y', 'Yours is kept as')
    expect(readFileSync(file, 'utf8')).toBe(shipped)
    const [backup] = readdirSync(join(copy, '.gradus/backup'))
    expect(readFileSync(join(copy, '.gradus/backup', backup), 'utf8')).toBe(mine)
    await until('the verdict on the shipped file', () =>
      screens.find((screen) => screen.includes('○ weightedSum') && screen.includes('Yours is kept')),
    )

    child.send('q')
    expect(await ended).toBe(0)
  })
})

describe('a file watch', () => {
  const watched = () => {
    const folder = mkdtempSync(join(tmpdir(), 'gradus-watch-'))
    const file = join(folder, 'lesson.ts')
    writeFileSync(file, 'one')
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
    return file
  }

  it('polls where no events arrive, and says so once', async () => {
    const file = watched()
    let changes = 0
    let polling = 0
    const subscribe = () => ({ close: () => {} })
    const watch = new FileWatch(file, { changed: () => changes++, polling: () => polling++, subscribe })
    cleanups.push(() => watch.close())
    writeFileSync(file, 'two, longer')
    await until('the first change', () => changes === 1)
    expect(polling).toBe(1)
    writeFileSync(file, 'three, longer still')
    await until('the second change', () => changes === 2)
    expect(polling).toBe(1)
  })

  it('reports a save once, and what is saved elsewhere not at all', async () => {
    const file = watched()
    let changes = 0
    let event = () => {}
    const subscribe = (_: string, heard: () => void) => {
      event = heard
      return { close: () => {} }
    }
    const watch = new FileWatch(file, { changed: () => changes++, polling: () => {}, subscribe })
    cleanups.push(() => watch.close())
    event()
    event()
    await new Promise((later) => setTimeout(later, 80))
    expect(changes).toBe(0)
    writeFileSync(file, 'two')
    for (let i = 0; i < 5; i++) event()
    await until('the change', () => changes === 1)
    await new Promise((later) => setTimeout(later, 80))
    expect(changes).toBe(1)
  })
})
