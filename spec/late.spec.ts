/** The library on a backend whose numbers arrive later: nothing waits, nothing looks, and what comes out is what the reference computes, bit by bit. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { F, gradcheck, manualSeed, randn, setBackend, tensor } from '../src/index.ts'
import { reference } from '../src/kernels.ts'
import { type Backend, useKernels } from '../src/tensor/backend.ts'
import { createLate, type LateBackend } from './late.ts'
import { programs } from './programs.ts'

let late: LateBackend

beforeEach(() => {
  late = createLate()
  manualSeed(1)
  useKernels(late.kernels as Backend)
})

afterEach(() => setBackend('wasm'))

describe('a program', () => {
  it.each(Object.entries(programs))('%s', async (_, program) => {
    const actual = await program()
    expect(late.counts.calls).toBeGreaterThan(0)
    useKernels(reference as Backend)
    manualSeed(1)
    expect(actual).toEqual(await program())
  })
})

describe('what needs the numbers', () => {
  const [notYet, later] = [/use await t\.read\(\)/, 'relu [2]']
  const made = () => tensor([1, -2]).relu()

  it('says to await t.read(), naming what made the tensor', () => {
    for (const look of [() => made().data, () => made().toArray(), () => made().sum().item()]) expect(look).toThrow(notYet)
    expect(() => made().data).toThrow(later)
    expect(() => tensor([1]).data).toThrow(notYet)
  })

  it('can always be printed', () => {
    expect(String(made())).toBe('[numbers that are not at hand: await t.read()]  [2] float32')
    expect(String(tensor([1, 2]))).toBe('[1, 2]  [2] float32')
  })

  it('is checked at once where the numbers are at hand', () => {
    expect(() => F.crossEntropy(made().reshape(1, 2), tensor([7]))).toThrow(
      'crossEntropy: labels and indices must be integers from 0 to 1, got 7 at place 0',
    )
    expect(() => F.mseLoss(made(), tensor([0, Number.NaN]))).toThrow('mseLoss: target must hold numbers, got NaN at place 1')
  })

  it.each([
    [
      'labels',
      () => F.crossEntropy(tensor([[1, 2]]), tensor([2]).add(1)),
      'crossEntropy: labels and indices must be integers from 0 to 1, got 3 at place 0',
    ],
    ['targets', () => F.mseLoss(made(), tensor([1, -1]).log()), 'mseLoss: target must hold numbers, got NaN at place 1'],
    [
      'probabilities',
      () => F.binaryCrossEntropy(tensor([0.5, 2]).mul(1), tensor([0, 1])),
      'x must be probabilities between 0 and 1, got 2 at place 1',
    ],
    [
      'indices',
      () => tensor([1, 2]).gather(0, tensor([0, 5]).mul(1)),
      'gather: labels and indices must be integers from 0 to 1, got 5 at place 1',
    ],
    ['integers', () => tensor([1, 0.5]).mul(1).to('int32'), 'to: int32 takes integers between -2^31 and 2^31 - 1, got 0.5 at place 1'],
  ])('is checked later where they are not (%s): the next read says what is wrong, and all goes on', async (_, mistake, message) => {
    const wrong = mistake()
    await expect(wrong.read()).rejects.toThrow(message)
    expect([...(await made().read())]).toEqual([1, 0])
  })

  it('computes in float64 where it can, and says what to do where it cannot', async () => {
    expect(gradcheck((x) => x.tanh().mul(x), [randn([3], { dtype: 'float64', requiresGrad: true })])).toBe(true)
    expect([...(await tensor([1, 2]).to('float64').read())]).toEqual([1, 2])
    expect(() => made().to('float64')).toThrow(notYet)
    expect(() => F.oneHot(made())).toThrow(notYet)
    expect([...(await F.oneHot(tensor([1, 0])).read())]).toEqual([0, 1, 1, 0])
  })
})

describe('another backend', () => {
  it('takes over what was computed, as it was', async () => {
    const [a, b] = [randn([3, 3]), randn([3, 3], { requiresGrad: true })]
    const kept = a.matmul(b)
    const labels = kept.argmax(1)
    await setBackend('reference')
    const expected = a.matmul(b)
    expect([...kept.data]).toEqual([...expected.data])
    expect([...labels.data]).toEqual([...expected.argmax(1).data])
    kept.sum().backward()
    expect(b.grad?.data.every(Number.isFinite)).toBe(true)
  })
})
