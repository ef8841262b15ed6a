import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  arange,
  type BackendName,
  cat,
  eye,
  F,
  full,
  linspace,
  ones,
  rand,
  setBackend,
  stack,
  type Tensor,
  tensor,
  where,
  zeros,
} from '../src/index.ts'

describe.each<BackendName>(['reference', 'wasm'])('tensors, on %s', (backend) => {
  beforeAll(() => setBackend(backend))

  it('creates', () => {
    expect(
      tensor([
        [1, 2],
        [3, 4],
      ]).shape,
    ).toEqual([2, 2])
    expect(tensor(5).shape).toEqual([])
    expect(tensor([]).shape).toEqual([0])
    expect(tensor([[], []]).shape).toEqual([2, 0])
    expect(tensor([0, 1]).dtype).toBe('float32')
    expect(tensor(Int32Array.of(1, 2)).dtype).toBe('int32')
    expect(tensor([1, 2], { dtype: 'int32' }).toArray()).toEqual([1, 2])
    expect(arange(5).toArray()).toEqual([0, 1, 2, 3, 4])
    expect(arange(1, 2, 0.25).toArray()).toEqual([1, 1.25, 1.5, 1.75])
    expect(linspace(0, 1, 5).toArray()).toEqual([0, 0.25, 0.5, 0.75, 1])
    expect(eye(2, 3).toArray()).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ])
    expect(
      full([2], 7)
        .add(ones([2]))
        .sub(zeros([2]))
        .toArray(),
    ).toEqual([8, 8])
  })

  it('a tensor is a copy of what it was made of, data a copy of the tensor', () => {
    const source = Float32Array.of(1, 2)
    const t = tensor(source)
    source[0] = 9
    t.data[1] = 9
    expect(t.toArray()).toEqual([1, 2])
  })

  it('shows its numbers, and of many only the edges', () => {
    expect(
      `${tensor([
        [1, 2],
        [3, 4.5],
      ])}`,
    ).toBe('[[1.0000, 2.0000],\n [3.0000, 4.5000]]  [2, 2] float32')
    expect(`${tensor(3, { dtype: 'int32' })}`).toBe('3  [] int32')
    expect(`${zeros([2000])}`).toBe('[0, 0, 0, ..., 0, 0, 0]  [2000] float32')
  })

  it('views look at the same numbers', () => {
    const x = arange(24).reshape(2, 3, 4)
    expect(x.transpose(0, 2).shape).toEqual([4, 3, 2])
    expect(x.permute(2, 0, 1).select(0, 1).toArray()).toEqual([
      [1, 5, 9],
      [13, 17, 21],
    ])
    expect(x.slice(1, 3, { dim: 1 }).slice(-2, undefined, { dim: 2 }).toArray()).toEqual([
      [
        [6, 7],
        [10, 11],
      ],
      [
        [18, 19],
        [22, 23],
      ],
    ])
    expect(x.select(0, -1).select(1, 0).toArray()).toEqual([12, 16, 20])
    expect(x.flatten(1).shape).toEqual([2, 12])
    expect(x.unsqueeze(-1).squeeze().shape).toEqual([2, 3, 4])
    expect(
      tensor([[1], [2]])
        .expand(2, 3)
        .toArray(),
    ).toEqual([
      [1, 1, 1],
      [2, 2, 2],
    ])
    expect(tensor([1, 2, 3]).slice(5).toArray()).toEqual([])
    expect(x.split(2, 1).map((p) => p.shape[1])).toEqual([2, 1])
    expect(x.chunk(3, 2).map((p) => p.shape[2])).toEqual([2, 2])
    expect(() => x.transpose(0, 1).view(24)).toThrow(/view: .*use reshape/)
    expect(x.transpose(0, 1).reshape(-1).slice(0, 5).toArray()).toEqual([0, 1, 2, 3, 12])
  })

  it('reduces', () => {
    const x = tensor([
      [3, 1, 2],
      [9, 7, 8],
    ])
    expect(x.sum().item()).toBe(30)
    expect(x.sum(0).toArray()).toEqual([12, 8, 10])
    expect(x.mean(1, { keepdim: true }).toArray()).toEqual([[2], [8]])
    expect(x.variance(1).toArray()).toEqual([1, 1])
    expect(x.max(1).indices.toArray()).toEqual([0, 0])
    expect(x.min(0).values.toArray()).toEqual([3, 1, 2])
    expect(x.argmax().item()).toBe(3)
    expect(x.max().item()).toBe(9)
    expect(x.cumsum(1).toArray()).toEqual([
      [3, 4, 6],
      [9, 16, 24],
    ])
    expect(x.sort({ descending: true }).indices.toArray()).toEqual([
      [0, 2, 1],
      [0, 2, 1],
    ])
    expect(x.topk(2, { largest: false }).values.toArray()).toEqual([
      [1, 2],
      [7, 8],
    ])
    expect(tensor([3, 4]).norm().item()).toBe(5)
    expect(zeros([0, 3]).sum(0).toArray()).toEqual([0, 0, 0])
    expect(() => zeros([0]).argmax()).toThrow(/argmax: has no answer for an axis of length 0/)
  })

  it('compares, and chooses by masks', () => {
    const x = tensor([1, 5, 3])
    expect(x.gt(2).toArray()).toEqual([0, 1, 1])
    expect(where(x.lt(4), x, -1).toArray()).toEqual([1, -1, 3])
    expect(x.maskedFill(x.eq(5), 0).toArray()).toEqual([1, 0, 3])
    expect(
      tensor([0, 2], { dtype: 'int32' })
        .eq(tensor([0, 1]))
        .toArray(),
    ).toEqual([1, 0])
    expect(eye(3).tril(-1).sum().item()).toBe(0)
  })

  it('int32 counts, and is never mixed with floats in silence', () => {
    const i = tensor([1, 2], { dtype: 'int32' })
    expect(i.add(1).dtype).toBe('int32')
    expect(i.sum().item()).toBe(3)
    expect(() => i.add(tensor([1, 2]))).toThrow("add: operands differ in dtype: int32 and float32; convert one with .to('int32')")
    expect(() => i.mul(0.5)).toThrow(/mul: cannot use 0.5 with an int32 tensor/)
    expect(() => i.div(2)).toThrow(/div: expected float tensors, got int32/)
    expect(() => i.exp()).toThrow(/exp: expected a float tensor, got int32/)
    expect(() => tensor([1.5], { dtype: 'int32' })).toThrow('tensor: int32 takes integers between -2^31 and 2^31 - 1, got 1.5 at place 0')
    expect(i.to('float32').div(2).toArray()).toEqual([0.5, 1])
  })

  it('one-hot, cat, stack, pad', () => {
    expect(F.oneHot(tensor([2, 0])).toArray()).toEqual([
      [0, 0, 1],
      [1, 0, 0],
    ])
    expect(cat([ones([1, 2]), zeros([2, 2])]).shape).toEqual([3, 2])
    expect(stack([tensor([1, 2]), tensor([3, 4])], 1).toArray()).toEqual([
      [1, 3],
      [2, 4],
    ])
    expect(F.pad(tensor([[1]]), [1, 0, 0, 1]).toArray()).toEqual([
      [0, 1],
      [0, 0],
    ])
  })

  it('broadcasting is repetition: a ∘ b = expand(a) ∘ expand(b)', () => {
    const side = fc.array(fc.constantFrom(1, 2, 3), { maxLength: 4 })
    fc.assert(
      fc.property(side, side, fc.constantFrom('add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'eq', 'gt', 'lt'), (sa, sb, op) => {
        const n = Math.max(sa.length, sb.length)
        const at = (shape: number[], axis: number) => shape[axis - n + shape.length] ?? 1
        const common = Array.from({ length: n }, (_, axis) => Math.max(at(sa, axis), at(sb, axis)))
        fc.pre(common.every((m, axis) => [1, m].includes(at(sa, axis)) && [1, m].includes(at(sb, axis))))
        const [a, b] = [rand(sa).add(0.5), rand(sb).add(0.5)]
        const method = op as 'add'
        expect(a[method](b).toArray()).toEqual(a.expand(common).clone()[method](b.expand(common).clone()).toArray())
      }),
      { numRuns: 60 },
    )
  })

  it('a permutation and its inverse give the tensor back', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 5 }), fc.infiniteStream(fc.nat()), (shape, keys) => {
        const order = shape
          .map((_, axis) => [keys.next().value as number, axis])
          .sort((p, q) => p[0] - q[0])
          .map(([, axis]) => axis)
        const inverse = order.map((_, axis) => order.indexOf(axis))
        const x = rand(shape)
        expect(x.permute(order).clone().permute(inverse).toArray()).toEqual(x.toArray())
      }),
      { numRuns: 60 },
    )
  })

  const mistakes: [name: string, () => unknown, message: string | RegExp][] = [
    ['inner sizes', () => zeros([3, 4]).matmul(zeros([5, 6])), 'matmul: inner sizes differ: [3, 4] × [5, 6] (4 ≠ 5)'],
    ['batches', () => zeros([2, 3, 4]).matmul(zeros([3, 4, 5])), /matmul: the axes before the last two do not broadcast/],
    ['shapes', () => zeros([2, 3]).add(zeros([4])), /add: shapes \[2, 3\] and \[4\] do not broadcast/],
    [
      'dtypes',
      () => zeros([2]).mul(zeros([2], { dtype: 'float64' })),
      "mul: operands differ in dtype: float32 and float64; convert one with .to('float32')",
    ],
    ['ragged rows', () => tensor([[1, 2], [3]]), 'tensor: ragged nested arrays: element [1] has length 1, expected 2'],
    ['a number among rows', () => tensor([[1, 2], 3]), 'tensor: ragged nested arrays: element [1] is 3, expected an array of length 2'],
    ['rows among numbers', () => tensor([1, [2]]), 'tensor: ragged nested arrays: element [1] is an array of length 1, expected a number'],
    ['a string', () => tensor(['1'] as unknown as number[]), 'tensor: element [0] must be a number, got string'],
    ['a shape', () => zeros([2, -1]), 'full: shape must be an array of integers of 0 or more, got [2, -1]'],
    ['an axis', () => zeros([2, 3]).sum(2), 'sum: dim must be an integer between -2 and 1 for a tensor of 2 axes, got 2'],
    ['an axis twice', () => zeros([2, 3]).sum([0, -2]), 'sum: dim names an axis twice: [0, 0]'],
    ['a reshape', () => zeros([2, 3]).reshape(4, -1), 'reshape: cannot make shape [4, -1] of the 6 elements of shape [2, 3]'],
    ['a permutation', () => zeros([2, 3]).permute(0, 0), 'permute: expected each of the 2 axes once, got [0, 0]'],
    ['an expansion', () => zeros([2, 3]).expand(4, 3), /expand: cannot repeat shape \[2, 3\] to \[4, 3\]/],
    ['an index', () => zeros([2, 3]).select(1, 3), 'select: index 3 is out of range for axis 1 of shape [2, 3]'],
    [
      'slice as in ATen',
      () => zeros([2, 3]).slice(0, 0, 2 as never),
      'slice: expected (start, end, { dim, step }), got a third argument 2',
    ],
    ['item of several', () => zeros([2]).item(), 'item: expected a tensor of one element, got shape [2]'],
    [
      'labels out of range',
      () => F.crossEntropy(zeros([2, 3]), tensor([0, 3])),
      'crossEntropy: labels and indices must be integers from 0 to 2, got 3 at place 1',
    ],
    [
      'labels that are no integers',
      () => F.crossEntropy(zeros([2, 3]), tensor([0, Number.NaN])),
      'crossEntropy: labels and indices must be integers from 0 to 2, got NaN at place 1',
    ],
    [
      'one-hot labels',
      () => F.crossEntropy(zeros([2, 3]), zeros([2, 3])),
      'crossEntropy: target must have shape [2], one class per row of [2, 3], got [2, 3]',
    ],
    ['NaN targets', () => F.mseLoss(zeros([2]), tensor([0, Number.NaN])), 'mseLoss: target must hold numbers, got NaN at place 1'],
    ['shapes of a loss', () => F.mseLoss(zeros([2]), zeros([2, 1])), 'mseLoss: x [2] and target [2, 1] must have one shape'],
    [
      'no probability',
      () => F.binaryCrossEntropy(tensor([1.5]), tensor([1])),
      /binaryCrossEntropy: x must be probabilities between 0 and 1, got 1.5 at place 0/,
    ],
    ['a weight', () => F.linear(zeros([2, 3]), zeros([4, 5])), 'linear: x [2, 3] must have 5 numbers on its last axis, as w [4, 5] has'],
    ['gradients of integers', () => tensor([1], { dtype: 'int32', requiresGrad: true }), /only float tensors have gradients/],
    ['an operand', () => zeros([2]).add('1' as never), 'add: expected a Tensor or a number, got string'],
    ['zeros', () => zeros([70000, 70000]), 'out of memory: an array of 4900000000 numbers'],
    ['cat', () => cat([zeros([2, 3]), zeros([3, 2])]), /cat: tensors\[1\] has shape \[3, 2\], which differs from \[2, 3\]/],
  ]
  it.each(mistakes)('meets a mistake with a message: %s', (_, mistake, message) => {
    expect(mistake).toThrow(message)
  })
})

describe('backends', () => {
  it('tensors move at their next use', async () => {
    await setBackend('reference')
    const x: Tensor = tensor([1, 2])
    const y = x.mul(2)
    await setBackend('wasm')
    expect(x.add(y).toArray()).toEqual([3, 6])
    await setBackend('reference')
    expect(await x.add(y).read()).toEqual(Float32Array.of(3, 6))
    await setBackend('wasm')
  })

  it('an unknown backend is named', async () => {
    await expect(setBackend('cuda' as never)).rejects.toThrow("setBackend: expected 'reference', 'wasm' or 'webgpu', got \"cuda\"")
    await expect(setBackend('wasm', { debug: true })).rejects.toThrow("setBackend: debug is an option of 'webgpu', got it for 'wasm'")
    await expect(setBackend('wasm', { thread: 2 } as never)).rejects.toThrow("setBackend: thread is no option, got it for 'wasm'")
  })
})
