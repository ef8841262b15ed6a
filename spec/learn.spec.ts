/** The runner as a learner meets it: every case is a process of its own, in a copy of the project. */
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { demoOptions } from '../src/learn/front.ts'
import { lessonNamed, readArguments } from '../src/learn/usage.ts'
import { copyOfProject, fillIn, keepLessons, runCommand, runFile } from './project-copy.ts'

const LESSON = 'exercises/perceptron.ts'
const CHECK = 'src/learn/check-cli.ts'
const ESCAPE = '\x1b'
const copies: string[] = []

async function project(bodies: Readonly<Record<string, string>> = {}): Promise<string> {
  const copy = await copyOfProject(['perceptron'])
  copies.push(copy)
  fillIn(copy, 'perceptron', bodies)
  return copy
}

const solved = {
  weightedSum: '  return neuron.w.reduce((sum, w, i) => sum + w * x[i], neuron.b)',
  output: '  return step(weightedSum(neuron, x))',
  learnSample: `  const e = alpha * (sample.d - output(neuron, sample.x))
  return { w: neuron.w.map((w, i) => w + e * sample.x[i]), b: neuron.b + e }`,
  learnEpoch: `  const mistakes = samples.map((sample) => {
    const wrong = output(neuron, sample.x) !== sample.d
    neuron = learnSample(neuron, sample, alpha)
    return wrong
  })
  return { neuron, mistakes: mistakes.filter((wrong) => wrong).length }`,
  boundary: '  return (-neuron.b - neuron.w[0] * x1) / neuron.w[1]',
}

let shipped = ''
beforeAll(async () => {
  shipped = await project()
})
afterAll(() => {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true })
})

describe.concurrent('a lesson', () => {
  it('shows its demo and its end when the solution itself is run', async () => {
    const { code, out } = await runFile(shipped, ['exercises/solutions/perceptron.ts', '--quick'])
    expect(out).toContain('mistakes per epoch')
    expect(out).toContain('5 of 5 pass')
    expect(code).toBe(0)
  })

  it('as shipped shows the concept, the demo, its blanks and what to do next, and nothing that only a terminal understands', async () => {
    const { code, out, err } = await runFile(shipped, [LESSON, '--seed', '3'])
    expect(err).toBe('')
    const order = [
      'Rosenblatt 1958',
      'mistakes per epoch',
      "the solution's learnEpoch, output and boundary",
      '0 of 5 pass',
      '○ weightedSum',
      'Next',
    ]
    const places = order.map((text) => out.indexOf(text))
    expect(
      places.every((place) => place >= 0),
      out,
    ).toBe(true)
    expect([...places].sort((a, b) => a - b)).toEqual(places)
    expect(code).toBe(0)
    expect(out).not.toContain(ESCAPE)
    const again = await runFile(shipped, [LESSON, '--seed', '3'], { NO_COLOR: '1' })
    expect(again.out, 'the same seed').toBe(out)
  })

  it('takes its flags, says which it has no use for, and colours what it prints where that is wanted', async () => {
    const { code, out } = await runFile(shipped, [LESSON, '--backend', 'wasm', '--data', 'xor', '--quick'], { FORCE_COLOR: '1' })
    expect(out).toContain('has no use for another')
    expect(out).toContain('it has no backend')
    expect(out).toContain('12 epochs')
    expect(out).toContain(ESCAPE)
    expect(code).toBe(0)
  })

  it('runs its demo on the functions of the learner', async () => {
    const copy = await project({ ...solved, boundary: '  return 77 + 0 * (x1 + neuron.b)' })
    const { code, out } = await runFile(copy, [LESSON])
    expect(out).toContain('(0, 77.00)')
    expect(out).toContain('This demo ran on your functions.')
    expect(out).toContain('Your boundary is not right yet')
    expect(code).toBe(1)
  })

  it('shows the solution to compare with once all passes', async () => {
    const { code, out } = await runFile(await project(solved), [LESSON])
    expect(out).toContain('5 of 5 pass')
    expect(out).toContain('To compare: exercises/solutions/perceptron.ts')
    expect(code).toBe(0)
  })

  it('with a mistake outside its functions says so, without a stack trace', async () => {
    const copy = await project()
    writeFileSync(join(copy, LESSON), readFileSync(join(copy, LESSON), 'utf8').replace('await lesson(', 'nothing.here()\nawait lesson('))
    const { code, out, err } = await runFile(copy, [LESSON])
    expect(err).toMatch(
      /^exercises\/perceptron\.ts cannot be run\n {2}ReferenceError: nothing is not defined +\(exercises\/perceptron\.ts:\d+\)\n$/,
    )
    expect(out).toBe('')
    expect(code).toBe(1)
  })

  it('outlives a function that ends the process', async () => {
    const { code, out } = await runFile(await project({ weightedSum: '  return process.exit(3)', boundary: solved.boundary }), [
      CHECK,
      'perceptron',
    ])
    expect(out).toContain('the process ended (code 3)')
    expect(out).toContain('✓ boundary')
    expect(code).toBe(1)
  })

  it('ends an endless loop, in the check and in the demo, and still checks the rest', async () => {
    const copy = await project({ ...solved, learnEpoch: '  for (;;);' })
    const { code, out } = await runFile(copy, [LESSON])
    expect(out).toContain('did not finish within 5 seconds: an endless loop?')
    expect(out).toContain('The demo stopped: learnEpoch')
    expect(out).toContain('✓ boundary')
    expect(code).toBe(1)
  })

  it('says that a demo stopped, without a stack trace', async () => {
    const { code, out, err } = await runFile(await project({ boundary: '  throw new Error("no line at " + x1)' }), [LESSON])
    expect(out).toMatch(/The demo stopped: no line at 0\s+\(exercises\/perceptron\.ts:\d+\)/)
    expect(out + err).not.toMatch(/^ +at /m)
    expect(code).toBe(1)
  })
})

describe.concurrent('a wrong answer', () => {
  it('is shown by a small call, what was expected, what came, and its diagnosis', async () => {
    const copy = await project({ weightedSum: '  let v = 0\n  for (let i = 0; i < x.length; i++) v += neuron.w[i] * x[i]\n  return v' })
    const { out } = await runFile(copy, [CHECK, 'perceptron'])
    expect(out).toMatch(
      /weightedSum\(neuron = \{ w: \[0(, 0)*\], b: -?0\.125 \}, x = \[0(, 0)*\]\)\n +expected +-?0\.125\n +came +0\n +diagnosis +the bias b is missing/,
    )
  })

  it('in one function leaves the verdict on another alone', async () => {
    const copy = await project({ learnSample: '  return neuron', boundary: solved.boundary })
    const { out } = await runFile(copy, [CHECK, 'perceptron'])
    expect(out).toContain('✗ learnSample')
    expect(out).toContain('✓ boundary')
    expect(out).toContain('○ weightedSum')
  })
})

describe.concurrent('hints', () => {
  it('are a ladder that is climbed one step at a time, and remembered', async () => {
    const copy = await project()
    const first = await runFile(copy, [LESSON, '--hint'])
    expect(first.out).toContain('weightedSum   hint 1 of 3')
    expect(first.out).not.toContain('The formula')
    const second = await runFile(copy, [CHECK, 'perceptron', 'weightedSum', '--hint'])
    expect(second.out).toContain('The formula')
    expect(second.out).not.toContain('Nearly the code')
    const third = await runFile(copy, [LESSON, '--hint', 'weightedSum'])
    expect(third.out).toContain('Nearly the code')
    expect(third.out).toContain('--give-up weightedSum')
    expect(third.out).not.toContain('let v = neuron.b\n  for (let i = 0; i < x.length; i++) v += neuron')
  })

  it('end with the solution, for who gives up', async () => {
    const { code, out } = await runFile(shipped, [LESSON, '--give-up', 'output'])
    expect(out).toContain('return step(weightedSum(neuron, x))')
    expect(out).not.toContain('learnEpoch')
    expect(code).toBe(0)
  })
})

describe.concurrent('npm run check', () => {
  it('ends with exit code 0 only when all functions pass', async () => {
    const copy = await project(solved)
    keepLessons(copy, ['perceptron', 'delta-rule'])
    expect((await runFile(copy, [CHECK, 'perceptron', '--seed', '5'])).code).toBe(0)
    fillIn(copy, 'perceptron', { boundary: "  return blank('boundary', neuron, x1)" })
    const { code, out } = await runFile(copy, [CHECK])
    expect(out).toContain('4 of 5 pass')
    expect(out).toContain('Lessons: 0 of 2 pass')
    expect(code).toBe(1)
  })

  it.each([
    [
      'a syntax error',
      (text: string) => text.replace('export function step(', 'export function step(('),
      /syntax error: .*\(exercises\/perceptron\.ts:\d+\)/,
    ],
    ['an import that does not exist', (text: string) => `import { nothing } from '../src/learn/index.ts'\n${text}`, /nothing/],
    ['an error outside functions', (text: string) => `${text}\nthrow new Error('outside')`, /outside/],
  ])('says that a file with %s cannot be run', async (_, spoil, message) => {
    const copy = await project()
    const path = join(copy, LESSON)
    writeFileSync(path, spoil(readFileSync(path, 'utf8')))
    const { code, out, err } = await runFile(copy, [CHECK, 'perceptron'])
    expect(out).toContain('exercises/perceptron.ts cannot be run')
    expect(out).toMatch(message)
    expect(out + err).not.toMatch(/^ +at /m)
    expect(code).toBe(1)
  })

  it('says that a missing file can be brought back', async () => {
    const copy = await project()
    rmSync(join(copy, LESSON))
    const { out } = await runFile(copy, [CHECK, 'perceptron'])
    expect(out.replace(/\s+/g, ' ')).toContain('is missing. `npm run learn perceptron`, then the key r, brings it back')
  })
})

it('a lesson that needs a GPU draws what it can, and says what to install where there is none', async () => {
  const home = mkdtempSync(join(tmpdir(), 'gradus-'))
  copies.push(home)
  const copy = join(home, 'project') // the package is looked for in the folder above as well
  renameSync(await project(), copy)
  rmSync(join(copy, 'gpu'))
  for (const args of [['exercises/webgpu.ts'], [CHECK, 'webgpu']]) {
    const { code, out, err } = await runFile(copy, args)
    const text = out.replaceAll(/\s+/g, ' ')
    expect(text).toContain(
      'exercises/webgpu.ts cannot be run on this machine webgpu: Node has no WebGPU of its own: run "npm run gpu:install"',
    )
    expect(text.split('gpu:install')).toHaveLength(2)
    expect(text).toContain('Next Read docs/webgpu.md: that can be done without.')
    expect(text.includes('seen by its 256 threads')).toBe(args.length === 1)
    expect(err).toBe('')
    expect(code).toBe(1)
  }
})

describe.concurrent('a mistake on the command line', () => {
  it.each([
    [[LESSON, '--sede', '3'], "unknown flag '--sede': did you mean '--seed'?"],
    [[CHECK, 'perceptorn'], "unknown lesson 'perceptorn': did you mean 'perceptron'?"],
    [['src/learn/watch-cli.ts', '--epochs', '0'], '--epochs takes a whole number from 1 on'],
    [[CHECK, 'mlp'], 'GRADUS_SIMD: expected plain or relaxed, got "foo"', { GRADUS_SIMD: 'foo' }],
  ])('%j is met by a message and exit code 2', async (args, message, env: NodeJS.ProcessEnv = {}) => {
    const { code, out, err } = await runFile(shipped, args, env)
    expect(err.replaceAll(/\s+/g, ' ')).toContain(message)
    expect(err).not.toMatch(/^ +at /m)
    expect(out).toBe('')
    expect(code).toBe(2)
  })

  it.each([
    [['--seed', 'x'], "--seed takes a whole number from 0 on, and got 'x'"],
    [['--seed', '-1'], "--seed takes a whole number from 0 on, and got '-1'"],
    [['--seed'], '--seed needs a value'],
    [['--seed', '--quick'], '--seed needs a value'],
    [['--epochs', '1e3'], "--epochs takes a whole number from 1 on, and got '1e3'"],
    [['--backend', 'wasn'], "unknown backend 'wasn': did you mean 'wasm'?"],
    [['--backend', 'cuda'], "unknown backend 'cuda': there are reference, wasm, webgpu"],
    [['--quick=yes'], "--quick takes no value, and got 'yes'"],
    [['-x'], "unknown flag '-x'"],
  ])('%j is named', (args, message) => {
    expect(() => readArguments(args)).toThrow(message)
  })

  it('is not made by the path of a file, where the lesson reads one', async () => {
    const chosen = async (...data: string[]) =>
      (await demoOptions(lessonNamed('lstm'), readArguments(data.flatMap((name) => ['--data', name])))).data
    expect(await chosen()).toBe('seasons')
    expect(await chosen('walk')).toBe('walk')
    expect(await chosen('package.json')).toBe('package.json')
    await expect(chosen('none.csv')).rejects.toThrow(
      "lstm does not know the data 'none.csv', and there is no such file or folder: there are seasons, walk, or the path of a CSV file",
    )
  })

  it('is not made by a path in place of a name', () => {
    expect(lessonNamed('exercises/perceptron.ts').name).toBe('perceptron')
  })
})

it('does not mind that nobody reads to the end', async () => {
  const { err } = await runCommand('bash', ['-c', `${process.execPath} --import tsx ${LESSON} | head -1`], shipped)
  expect(err).toBe('')
})

it('saves its pictures on request, and says why it cannot', async () => {
  const { out } = await runFile(shipped, [LESSON, '--svg', 'pictures'])
  expect(out).toContain('saved as pictures/perceptron-1.svg')
  expect(readFileSync(join(shipped, 'pictures/perceptron-1.svg'), 'utf8')).toContain('<svg')
  const refused = await runFile(shipped, [LESSON, '--svg', 'package.json'])
  expect(refused.out).toContain('cannot be written')
  expect(existsSync(join(shipped, 'package.json'))).toBe(true)
})
