import { beforeAll, describe, expect, it } from 'vitest'
import { cat, F, grad, gradcheck, manualSeed, noGrad, randn, setBackend, stack, type Tensor, tensor, where, zeros } from '../src/index.ts'
import { apply, define, operations } from '../src/tensor/operation.ts'
import { expectClose } from './support.ts'

beforeAll(() => setBackend('reference'))

const f64 = (...shape: number[]) => randn(shape, { dtype: 'float64', requiresGrad: true })
/** Away from the kink at 0, and from where derivatives vanish. */
const away = (...shape: number[]) => {
  const x = randn(shape, { dtype: 'float64' })
  const moved = x.add(where(x.gt(0), tensor(0.3, { dtype: 'float64' }), -0.3))
  moved.requiresGrad = true
  return moved
}

type Example = [fn: (...x: Tensor[]) => Tensor, inputs: () => Tensor[]]
const examples: Record<string, Example> = {
  'add, broadcast': [(a, b) => a.add(b), () => [f64(3, 1), f64(4)]],
  'sub, broadcast': [(a, b) => a.sub(b), () => [f64(3, 1), f64(2, 1, 4)]],
  'mul, broadcast': [(a, b) => a.mul(b), () => [f64(3, 1), f64(4)]],
  'div, broadcast': [(a, b) => a.div(b.abs().add(1)), () => [f64(3, 1), away(4)]],
  maximum: [(a, b) => a.maximum(b), () => [f64(3, 1), f64(4)]],
  minimum: [(a, b) => a.minimum(b), () => [f64(3, 1), f64(4)]],
  'the same tensor twice': [(a) => a.mul(a).add(a), () => [f64(3)]],
  neg: [(a) => a.neg(), () => [f64(3, 4)]],
  exp: [(a) => a.exp(), () => [f64(3, 4)]],
  log: [(a) => a.abs().log(), () => [away(3, 4)]],
  sqrt: [(a) => a.abs().sqrt(), () => [away(3, 4)]],
  abs: [(a) => a.abs(), () => [away(3, 4)]],
  sin: [(a) => a.sin(), () => [f64(3, 4)]],
  cos: [(a) => a.cos(), () => [f64(3, 4)]],
  tanh: [(a) => a.tanh(), () => [f64(3, 4)]],
  sigmoid: [(a) => a.sigmoid(), () => [f64(3, 4)]],
  relu: [(a) => a.relu(), () => [away(3, 4)]],
  leakyRelu: [(a) => a.leakyRelu({ negativeSlope: 0.1 }), () => [away(3, 4)]],
  gelu: [(a) => a.gelu(), () => [f64(3, 4)]],
  pow: [(a) => a.pow(3), () => [away(3, 4)]],
  clamp: [(a) => a.clamp({ min: -0.2, max: 10 }), () => [away(3, 4)]],
  matmul: [(a, b) => a.matmul(b), () => [f64(3, 2), f64(2, 4)]],
  'matmul of transposes': [(a, b) => a.t().matmul(b.t()), () => [f64(2, 3), f64(4, 2)]],
  'matmul, batches broadcast': [(a, b) => a.matmul(b), () => [f64(5, 1, 3, 2), f64(3, 2, 4)]],
  'matmul, a batch by a matrix': [(a, b) => a.matmul(b), () => [f64(5, 3, 2), f64(2, 4)]],
  'matmul, a batch by transposes': [(a, b) => a.matmul(b.transpose(-1, -2)), () => [f64(5, 3, 2), f64(5, 4, 2)]],
  'matmul, matrix by vector': [(a, b) => a.matmul(b), () => [f64(5, 3, 2), f64(2)]],
  'matmul, vector by matrix': [(a, b) => a.matmul(b), () => [f64(3), f64(5, 3, 2)]],
  'matmul, vector by vector': [(a, b) => a.matmul(b), () => [f64(3), f64(3)]],
  linear: [(x, w, b) => F.linear(x, w, b), () => [f64(2, 3, 2), f64(4, 2), f64(4)]],
  'linear with relu': [(x, w, b) => F.linear(x, w, b, { activation: 'relu' }), () => [f64(2, 3, 2), f64(4, 2), f64(4)]],
  'linear with sigmoid': [(x, w, b) => F.linear(x, w, b, { activation: 'sigmoid' }), () => [f64(3, 2), f64(4, 2), f64(4)]],
  'linear with tanh': [(x, w, b) => F.linear(x, w, b, { activation: 'tanh' }), () => [f64(3, 2), f64(4, 2), f64(4)]],
  layerNorm: [(x, weight, bias) => F.layerNorm(x, { normalizedShape: 4, weight, bias, eps: 0.1 }), () => [f64(3, 4), f64(4), f64(4)]],
  'layerNorm, unscaled': [(x) => F.layerNorm(x, { normalizedShape: [2, 3], eps: 0.1 }), () => [f64(2, 2, 3)]],
  'batchNorm, training': [
    (x, weight, bias) => F.batchNorm(x, { weight, bias, training: true, eps: 0.1 }),
    () => [f64(3, 2, 2), f64(2), f64(2)],
  ],
  'batchNorm, evaluation': [
    (x, weight, bias) => {
      const runningVar = tensor([2, 3], { dtype: 'float64' })
      return F.batchNorm(x, { weight, bias, runningMean: zeros([2], { dtype: 'float64' }), runningVar })
    },
    () => [f64(3, 2), f64(2), f64(2)],
  ],
  'softmax, first axis': [(a) => a.softmax(0), () => [f64(3, 4)]],
  'softmax, last axis': [(a) => a.softmax(-1), () => [f64(2, 3, 4)]],
  logSoftmax: [(a) => a.logSoftmax(1), () => [f64(3, 4)]],
  sum: [(a) => a.sum([0, 2]), () => [f64(3, 4, 2)]],
  'mean, keepdim': [(a) => a.mean(1, { keepdim: true }), () => [f64(3, 4)]],
  variance: [(a) => a.variance(1), () => [f64(3, 4)]],
  std: [(a) => a.std(), () => [f64(3, 4)]],
  norm: [(a) => a.norm(1), () => [f64(2, 3)]],
  cumsum: [(a) => a.cumsum(0), () => [f64(3, 4)]],
  'max along an axis': [(a) => a.max(1).values, () => [f64(3, 4)]],
  'max of all': [(a) => a.max(), () => [f64(3, 4)]],
  'min of all': [(a) => a.min(), () => [f64(3, 4)]],
  sort: [(a) => a.sort({ dim: 0 }).values, () => [f64(3, 4)]],
  topk: [(a) => a.topk(2).values, () => [f64(3, 4)]],
  gather: [
    (a) =>
      a.gather(
        1,
        tensor([
          [0, 0],
          [2, 1],
        ]),
      ),
    () => [f64(2, 3)],
  ],
  embedding: [
    (w) =>
      F.embedding(
        tensor([
          [0, 1],
          [1, 1],
        ]),
        w,
      ),
    () => [f64(3, 4)],
  ],
  'a chain of views': [(a) => a.permute(2, 0, 1).slice(1, 3).select(1, 0).unsqueeze(0).expand(3, 2, 3).reshape(-1), () => [f64(2, 3, 4)]],
  'slices with a step': [(a) => a.slice(1, 6, { dim: 1, step: 2 }), () => [f64(2, 7)]],
  'chunk and split': [(a) => cat([...a.chunk(2, 1), ...a.split([1, 3], 1)], 1), () => [f64(2, 4)]],
  cat: [(a, b) => cat([a, b], 1), () => [f64(2, 3), f64(2, 1)]],
  stack: [(a, b) => stack([a, b], 1), () => [f64(2, 3), f64(2, 3)]],
  tril: [(a) => a.tril(), () => [f64(3, 3)]],
  where: [(a, b) => where(tensor([1, 0, 1]), a, b), () => [f64(2, 3), f64(3)]],
  maskedFill: [(a) => a.maskedFill(tensor([1, 0, 1]), 7), () => [f64(2, 3)]],
  pad: [(a) => F.pad(a, [1, 2, 0, 1], 3), () => [f64(2, 2)]],
  mseLoss: [(a, b) => F.mseLoss(a, b), () => [f64(3), f64(3)]],
  huberLoss: [(a) => F.huberLoss(a.mul(2), zeros([4], { dtype: 'float64' })), () => [away(4)]],
  crossEntropy: [(a) => F.crossEntropy(a, tensor([0, 2, 1]), { labelSmoothing: 0.1 }), () => [f64(3, 4)]],
  nllLoss: [(a) => F.nllLoss(a, tensor([0, 2, 1])), () => [f64(3, 4)]],
  binaryCrossEntropy: [(a) => F.binaryCrossEntropy(a.sigmoid(), tensor([0, 1, 0.5], { dtype: 'float64' })), () => [f64(3)]],
  binaryCrossEntropyWithLogits: [(a, t) => F.binaryCrossEntropyWithLogits(a, t), () => [f64(3), f64(3)]],
  multiMarginLoss: [(a) => F.multiMarginLoss(a, tensor([0, 2, 1]), { p: 2 }), () => [f64(3, 4)]],
}

describe('derivatives against central differences in float64', () => {
  it.each(Object.entries(examples))('%s: the first', (_, [fn, inputs]) => {
    for (const seed of [1, 2, 3]) {
      manualSeed(seed)
      gradcheck(fn, inputs(), { rtol: 1e-5, atol: 1e-7 })
    }
  })

  it.each(Object.entries(examples))('%s: the first, by the composite', (_, [fn, inputs]) => {
    manualSeed(6)
    const x = inputs()
    const gradients = [false, true].map((createGraph) => {
      const y = fn(...x)
      const weights = tensor(Float64Array.from({ length: y.size }, (_, i) => 1 + Math.sin(i + 1) / 2)).reshape(y.shape)
      return grad(y.mul(weights).sum(), x, { createGraph }).flatMap((g) => [...g.data])
    })
    expectClose(gradients[1], gradients[0], { rtol: 1e-9, atol: 1e-12 })
  })

  it.each(Object.entries(examples))('%s: the second', (_, [fn, inputs]) => {
    const gradient = (...x: Tensor[]) => {
      const y = fn(...x)
      return cat(grad(y.mul(y).sum(), x, { createGraph: true }).map((g) => g.reshape(-1)))
    }
    for (const seed of [4, 5]) {
      manualSeed(seed)
      gradcheck(gradient, inputs(), { rtol: 1e-5, atol: 1e-6 })
    }
  })

  it('the third: x⁴ has 24 x', () => {
    const x = tensor(1.5, { dtype: 'float64', requiresGrad: true })
    let y = x.pow(4)
    for (let order = 0; order < 3; order++) y = grad(y, [x], { createGraph: true })[0]
    expect(y.item()).toBeCloseTo(36, 10)
  })

  it('tanh(x²) at 0.7 bends by 0.174', () => {
    const x = tensor(0.7, { requiresGrad: true })
    const [slope] = grad(x.pow(2).tanh(), [x], { createGraph: true })
    expect(grad(slope, [x])[0].item()).toBeCloseTo(0.174, 3)
  })

  it('every operation with a backward kernel has its composite', () => {
    const lacking = [...operations.values()].filter((o) => o.backward && !o.composite && o.name !== 'refusing').map((o) => o.name)
    expect(lacking).toEqual([])
  })

  it('gradcheck finds a wrong gradient', () => {
    const wrong = define<null>({ name: 'refusing', forward: (k, [x]) => k.exp(x), backward: (k, dy) => [k.neg(dy)] })
    expect(() => gradcheck((x) => apply(wrong, [x], x.shape, null), [f64(2)])).toThrow(
      /gradcheck: the gradient of inputs\[0\] at element 0/,
    )
    const x = tensor([1], { requiresGrad: true })
    expect(() => grad(apply(wrong, [x], [1], null).sum(), [x], { createGraph: true })).toThrow(/refusing: has no second derivative/)
    operations.delete('refusing')
  })
})

describe('the tape', () => {
  it('adds the gradients of several uses and of several passes', () => {
    const x = tensor([2], { requiresGrad: true })
    x.mul(x).add(x).sum().backward()
    expect(x.grad?.toArray()).toEqual([5])
    x.mul(3).sum().backward()
    expect(x.grad?.toArray()).toEqual([8])
  })

  it('gives two leaves gradients of their own, even where the numbers are the same', () => {
    const [a, b] = [tensor([1, 2], { requiresGrad: true }), tensor([3, 4], { requiresGrad: true })]
    a.add(b).sum().backward()
    a.grad?.zero_()
    expect(b.grad?.toArray()).toEqual([1, 1])
  })

  it('detach cuts the graph and shares the memory', () => {
    const x = tensor([2], { requiresGrad: true })
    const y = x.mul(3)
    y.detach().mul(x).sum().backward()
    expect(x.grad?.item()).toBe(6)
    const d = x.detach()
    d.add_(1)
    expect(x.item()).toBe(3)
    expect(d.requiresGrad).toBe(false)
  })

  it('noGrad records nothing, also across await, and recording comes back after an error', async () => {
    const x = tensor([1], { requiresGrad: true })
    expect(noGrad(() => x.mul(2)).requiresGrad).toBe(false)
    const y = await noGrad(async () => {
      await Promise.resolve()
      return x.mul(2)
    })
    expect(y.requiresGrad).toBe(false)
    expect(() => noGrad(() => x.matmul(zeros([2, 2])))).toThrow()
    expect(x.mul(2).requiresGrad).toBe(true)
  })

  it('a graph is walked once, or as often as retainGraph says', () => {
    const x = tensor([3], { requiresGrad: true })
    const y = x.mul(x).sum()
    y.backward({ retainGraph: true })
    y.backward()
    expect(x.grad?.item()).toBe(12)
    expect(() => y.backward()).toThrow(/backward: the graph of sum has been walked already.*retainGraph: true/)
  })

  it('a part that a finished graph shares is refused, not walked in part', () => {
    const x = tensor([3], { requiresGrad: true })
    const shared = x.mul(x)
    shared.sum().backward()
    expect(() => shared.mul(2).sum().backward()).toThrow(/the graph of mul has been walked already/)
    expect(x.grad?.item()).toBe(6)
  })

  it('walks a chain of 20,000 operations without recursion', () => {
    const x = tensor([1], { requiresGrad: true })
    let y: Tensor = x
    for (let i = 0; i < 20_000; i++) y = y.add(x)
    y.sum().backward()
    expect(x.grad?.item()).toBe(20_001)
  })

  it('grad gives gradients of tensors inside the graph and leaves grad alone', () => {
    const x = tensor([2], { requiresGrad: true })
    const h = x.mul(x)
    const [dh, dx] = grad(h.mul(h).sum(), [h, x])
    expect([dh.item(), dx.item(), x.grad]).toEqual([8, 32, null])
  })

  it('backward of a tensor of several elements needs a gradient', () => {
    const x = tensor([1, 2], { requiresGrad: true })
    expect(() => x.mul(2).backward()).toThrow('backward: expected an output of one element (a loss), got shape [2]')
    x.mul(2).backward({ gradient: tensor([10, 1]) })
    expect(x.grad?.toArray()).toEqual([20, 2])
    expect(() => x.mul(2).backward({ gradient: tensor([[10, 1]]) })).toThrow("gradient must have the output's shape [2], got [1, 2]")
    expect(() => tensor([1]).backward()).toThrow(/the output does not require grad/)
  })

  it('a write in place to what backward needs is an error, to what it does not need is none', () => {
    const x = tensor([1, 2], { requiresGrad: true })
    const w = tensor([3, 4], { requiresGrad: true })
    const product = x.mul(w).sum()
    noGrad(() => w.add_(1))
    expect(() => product.backward()).toThrow(/mul: a tensor of shape \[2\] that its backward pass needs has been changed in place/)
    const sum = x.add(w).sum()
    noGrad(() => w.add_(1))
    expect(() => sum.backward()).not.toThrow()
  })

  it('in place, under noGrad: views see it, the graph refuses it', () => {
    const w = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { requiresGrad: true },
    )
    const row = w.detach().select(0, 1)
    noGrad(() => w.sub_(tensor([1, 1])))
    expect(row.toArray()).toEqual([2, 3])
    noGrad(() => row.zero_())
    expect(w.toArray()).toEqual([
      [0, 1],
      [0, 0],
    ])
    expect(() => w.add_(1)).toThrow(/add_: changes a tensor in place.*noGrad/)
    expect(() =>
      tensor([1, 2]).add_(
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ),
    ).toThrow('add_: the operand [2, 2] does not broadcast to [2]')
    expect(() => w.detach().copy_(tensor([1, 2, 3]))).toThrow(/expand: cannot repeat shape \[3\] to \[2, 2\]/)
  })

  it('gradients flow through conversions between float dtypes', () => {
    const x = tensor([0.5], { requiresGrad: true })
    x.to('float64').mul(3).sum().backward()
    expect(x.grad?.dtype).toBe('float32')
    expect(x.grad?.item()).toBe(3)
  })
})
