/** What is said of an answer: small calls, kinds of mistakes, diagnoses that are certain or not given. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OpenBlank } from '../src/learn/blank.ts'
import type { Check, LooseCheck, LooseFunction } from '../src/learn/check.ts'
import * as draw from '../src/learn/draw.ts'
import { judge, type Verdict } from '../src/learn/judge.ts'
import type { AnyFunction } from '../src/learn/role.ts'

type Scaled = (x: Float64Array, k: number) => Float64Array
const scaled: Scaled = (x, k) => x.map((v) => v * k)

const check: Check<Scaled> = {
  hints: ['a', 'b', 'c'],
  inputs: draw.withLength({ min: 1, max: 4 }, (n) => fc.tuple(draw.vector(n), draw.number())),
  laws: { 'k = 1 changes nothing': (f, x) => f(x, 1).every((v, i) => v === x[i]) },
  frozen: [{ args: [Float64Array.of(1, 2), 3], gives: [3, 6], from: 'a book' }],
  mutants: {
    'k is added': (x, k) => x.map((v) => v + k),
    'the last element is left out': (x, k) => x.slice(0, -1).map((v) => v * k),
    'the loop goes one too far': (x, k) => Float64Array.from([...x.map((v) => v * k), Number.NaN]),
  },
}

function verdict<F extends AnyFunction>(fn: unknown, solution: F, of: Check<F>, seed = 1): Promise<Verdict> {
  const loose = { fn, solution: solution as unknown as LooseFunction, check: of as unknown as LooseCheck }
  return judge({ name: 'scaled', parameters: ['x', 'k'], ...loose }, { seed })
}

const onScaled = (fn: unknown) => verdict(fn, scaled, check)

describe('a look at a function', () => {
  const looked = (look: Check<Scaled>['look'], fn: unknown = scaled) => verdict(fn, scaled, { ...check, look })

  it('comes before its first call, and what it sees is the diagnosis', async () => {
    const never: Scaled = () => {
      throw new Error('called')
    }
    const found = await looked(async (f) => (String(f).includes('called') ? 'it throws' : undefined), never)
    expect(found).toEqual({ name: 'scaled', state: 'wrong', came: 'nothing: its text shows the mistake', diagnosis: 'it throws' })
    expect(await looked(async () => undefined)).toEqual({ name: 'scaled', state: 'passed' })
  })

  it('says why the function cannot be called, or that it is blank', async () => {
    const throws = (error: Error) => async () => {
      throw error
    }
    expect(await looked(throws(new Error('no such word')))).toMatchObject({ state: 'wrong', came: 'an error: no such word' })
    expect(await looked(throws(new OpenBlank('scaled')))).toEqual({ name: 'scaled', state: 'open' })
  })
})

it('draws as many arguments as the check says', async () => {
  let calls = 0
  const counting: Scaled = (x, k) => {
    calls++
    return scaled(x, k)
  }
  await verdict(counting, scaled, { ...check, laws: {}, frozen: [], runs: 7 })
  expect(calls).toBe(7)
})

describe('an answer', () => {
  it('passes when it agrees, whoever wrote it', async () => {
    const other: Scaled = (x, k) => Float64Array.from(x, (v) => k * v)
    expect(await onScaled(other)).toEqual({ name: 'scaled', state: 'passed' })
  })

  it('that is infinite is met by infinity alone, of the same sign', async () => {
    const infinite: Scaled = (x) => x.map(() => -Infinity)
    const of: Check<Scaled> = { ...check, laws: {}, frozen: [{ args: [Float64Array.of(1), 1], gives: [-Infinity], from: 'a book' }] }
    expect(await verdict(infinite, infinite, of)).toMatchObject({ state: 'passed' })
    for (const came of [Infinity, 0, -1e300])
      expect(await verdict((x: Float64Array) => x.map(() => came), infinite, of)).toMatchObject({ state: 'wrong' })
  })

  it('is open where the blank is met', async () => {
    const partly = (x: Float64Array, k: number) => {
      if (x.length > 2) throw new OpenBlank('scaled')
      return scaled(x, k)
    }
    expect(await onScaled(partly)).toEqual({ name: 'scaled', state: 'open' })
  })

  it.each([
    ['throws', () => (undefined as unknown as number[])[0], 'an error: TypeError: Cannot read properties of undefined'],
    ['gives nothing', () => {}, 'is a `return` missing?'],
    ['gives an array', (x: Float64Array, k: number) => Array.from(x, (v) => v * k), 'it should be a Float64Array, and is an Array'],
    ['gives null', () => null, 'and is null'],
    ['has a length of its own', () => new Float64Array(9), 'it should have length 1, and has length 9'],
    ['sorts its input', (x: Float64Array, k: number) => scaled(x.sort(), k), 'changed its argument x into'],
    [
      'calls itself for ever',
      function f(x: Float64Array): unknown {
        return f(x)
      },
      'calls itself without end',
    ],
    [
      'throws no error',
      () => {
        throw 'a word'
      },
      'a word was thrown',
    ],
  ])('that %s is described', async (_, fn, came) => {
    const found = await onScaled(fn)
    expect(found).toMatchObject({ state: 'wrong', came: expect.stringContaining(came) })
  })

  it('that gives NaN is described', async () => {
    const found = await onScaled((x: Float64Array) => x.map(() => Number.NaN))
    expect(found).toMatchObject({ came: expect.stringMatching(/^\[NaN\].*NaN is no number/) })
  })

  it('is missed where it is not exported, or is no function', async () => {
    expect(await onScaled(undefined)).toMatchObject({ came: 'no exported function scaled' })
    expect(await onScaled(3)).toMatchObject({ came: 'scaled is no function' })
  })

  it('is shown with as many digits as it takes', async () => {
    const found = await onScaled((x: Float64Array, k: number) => x.map((v) => v * k * (1 + 1e-8)))
    expect(found).toMatchObject({ state: 'wrong' })
    expect(found.state === 'wrong' && found.expected !== found.came).toBe(true)
  })

  it('may be a promise', async () => {
    const later = async (x: Float64Array): Promise<number> => x.length
    const counted: Check<typeof later> = {
      hints: check.hints,
      inputs: fc.tuple(draw.vector(2)),
      frozen: [],
      mutants: { 'one too many': async (x) => x.length + 1 },
    }
    expect(await verdict(later, later, counted)).toMatchObject({ state: 'passed' })
    expect(await verdict(async (x: Float64Array) => x.length + 1, later, counted)).toMatchObject({ diagnosis: 'one too many', came: '3' })
  })
})

describe('a counterexample', () => {
  it('is the smallest that was found', async () => {
    expect(await onScaled((x: Float64Array, k: number) => scaled(x, Math.min(k, 2)))).toMatchObject({
      call: 'scaled(x = [0.125], k = 2.125)',
      expected: '[0.265625]',
      came: '[0.25]',
    })
  })

  it('is the same for the same seed', async () => {
    const fn: Scaled = (x, k) => x.map((v) => v * k + Number(v > 1))
    expect(await verdict(fn, scaled, check, 7)).toEqual(await verdict(fn, scaled, check, 7))
  })
})

describe('a diagnosis', () => {
  it('is given where the answers are exactly the mutant’s', async () => {
    expect(await onScaled((x: Float64Array, k: number) => x.map((v) => k + v))).toMatchObject({ diagnosis: 'k is added' })
    expect(await onScaled((x: Float64Array, k: number) => scaled(x, k).slice(0, x.length - 1))).toMatchObject({
      diagnosis: 'the last element is left out',
    })
  })

  it('may rest on NaN', async () => {
    const tooFar = (x: Float64Array, k: number) => Float64Array.from({ length: x.length + 1 }, (_, i) => x[i] * k)
    expect(await onScaled(tooFar)).toMatchObject({ diagnosis: 'the loop goes one too far' })
  })

  it('is not given where one single drawn input speaks against it', async () => {
    const almost = (x: Float64Array, k: number) => x.map((v) => (v > 3.5 ? v * k : v + k))
    const found = await onScaled(almost)
    expect(found).toMatchObject({ state: 'wrong' })
    expect(found).not.toHaveProperty('diagnosis', expect.anything())
  })
})

describe('a check', () => {
  it('finds by a law what the drawn inputs do not show', async () => {
    const rare: Scaled = (x, k) => (k === 1 ? x.map(() => 0) : scaled(x, k))
    const narrow = { ...check, inputs: fc.tuple(draw.vector(1, { min: 1 }), draw.number({ min: 2 })) }
    expect(await verdict(rare, scaled, narrow)).toMatchObject({ state: 'wrong', expected: 'k = 1 changes nothing' })
  })

  it('holds against frozen values, and names their source', async () => {
    const wrongBook = { ...check, frozen: [{ args: [Float64Array.of(1), 2], gives: [3], from: 'a wrong book' }] } as Check<Scaled>
    expect(await verdict(scaled, scaled, wrongBook)).toMatchObject({
      state: 'wrong',
      expected: expect.stringContaining('a wrong book'),
      came: '[2]',
    })
  })

  it('compares what a function writes, where it is told to', async () => {
    interface Box {
      grad: number
      readonly links: Box[]
    }
    const accumulate = (box: Box, by: number): void => {
      box.grad += by
    }
    const inputs = draw.number().map((grad) => (): [Box, number] => {
      const box: Box = { grad, links: [] }
      box.links.push(box) // a cycle, which cannot be drawn as plain data
      return [box, 2]
    })
    const writes: Check<typeof accumulate> = {
      hints: ['a', 'b', 'c'],
      inputs,
      frozen: [],
      mutants: {
        'it overwrites, where it should add': (box, by) => {
          box.grad = by
        },
      },
      observe: (_, [box]) => box,
    }
    expect(await verdict(accumulate, accumulate, writes)).toMatchObject({ state: 'passed' })
    expect(
      await verdict(
        (box: Box, by: number) => {
          box.grad = by
        },
        accumulate,
        writes,
      ),
    ).toMatchObject({ diagnosis: 'it overwrites, where it should add' })
  })

  it('reads tensors from wherever they are', async () => {
    class Tensor {
      readonly shape: readonly number[]
      private readonly held: Float32Array
      constructor(values: readonly number[], shape: readonly number[]) {
        this.held = Float32Array.from(values)
        this.shape = shape
      }
      async read(): Promise<Float32Array> {
        return this.held
      }
    }
    const column = (x: Float64Array) => new Tensor([...x], [x.length, 1])
    const columns: Check<typeof column> = {
      hints: ['a', 'b', 'c'],
      inputs: fc.tuple(draw.vector(2)),
      frozen: [{ args: [Float64Array.of(1, 2)], gives: [[1], [2]], from: 'a book' }],
      mutants: { 'it is a row': (x) => new Tensor([...x], [1, x.length]) },
    }
    expect(await verdict(column, column, columns)).toMatchObject({ state: 'passed' })
    expect(await verdict((x: Float64Array) => new Tensor([...x], [1, 2]), column, columns)).toMatchObject({
      diagnosis: 'it is a row',
      expected: '[[0], [0]]',
      came: expect.stringContaining('Tensor of shape [1, 2]'),
    })
  })
})
