import fc from 'fast-check'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { type BackendName, nn, optim, setBackend, type Tensor, tensor } from '../src/index.ts'
import { reference } from '../src/kernels.ts'

beforeAll(() => setBackend('reference'))

const leaf = (...values: number[]) => tensor(values, { requiresGrad: true })

describe('optimisers', () => {
  it('leave a parameter without a gradient alone', () => {
    const [a, b] = [leaf(1), leaf(1)]
    const optimizer = new optim.SGD([a, b], { lr: 1, weightDecay: 1 })
    a.mul(2).sum().backward()
    optimizer.step()
    expect([a.item(), b.item()]).toEqual([-2, 1])
  })

  it('zeroGrad forgets: gradients do not add up over steps', () => {
    const w = leaf(1)
    const optimizer = new optim.SGD([w], { lr: 0 })
    for (let i = 0; i < 2; i++) {
      optimizer.zeroGrad()
      expect(w.grad).toBe(null)
      w.mul(3).sum().backward()
    }
    expect(w.grad?.item()).toBe(3)
  })

  it('groups have options of their own; lr sets all', () => {
    const [a, b] = [leaf(0), leaf(0)]
    const optimizer = new optim.SGD([{ params: [a] }, { params: [b], lr: 0.5 }], { lr: 0.1 })
    a.add(b).sum().backward()
    optimizer.step()
    expect(a.item()).toBeCloseTo(-0.1)
    expect(b.item()).toBe(-0.5)
    optimizer.lr = 1
    optimizer.step()
    expect([a.item(), b.item()].map((v) => Number(v.toFixed(4)))).toEqual([-1.1, -1.5])
  })

  it('the state goes over to another optimiser, which then steps alike', () => {
    const [a, b] = [leaf(1, 2), leaf(1, 2)]
    const step = (w: typeof a, optimizer: optim.Adam) => {
      optimizer.zeroGrad()
      w.mul(w).sum().backward()
      optimizer.step()
    }
    const first = new optim.Adam([a], { lr: 0.1 })
    for (let i = 0; i < 3; i++) step(a, first)
    const second = new optim.Adam([b], { lr: 0.7 })
    second.loadStateDict(first.stateDict())
    b.detach().copy_(a.detach())
    step(a, first)
    step(b, second)
    expect(b.toArray()).toEqual(a.toArray())
  })

  it('NAdam takes its product of momenta along', () => {
    const [a, b] = [leaf(1), leaf(1)]
    const step = (w: typeof a, optimizer: optim.NAdam) => {
      optimizer.zeroGrad()
      w.mul(w).sum().backward()
      optimizer.step()
    }
    const [first, second] = [new optim.NAdam([a]), new optim.NAdam([b])]
    for (let i = 0; i < 3; i++) step(a, first)
    second.loadStateDict(first.stateDict())
    b.detach().copy_(a.detach())
    step(a, first)
    step(b, second)
    expect(b.item()).toBe(a.item())
  })

  it('Adagrad starts its sums where it is told', () => {
    const w = leaf(0)
    const optimizer = new optim.Adagrad([w], { lr: 1, initialAccumulatorValue: 3, eps: 0 })
    w.sum().backward()
    optimizer.step()
    expect(w.item()).toBe(-0.5) // 1 / √(3 + 1²)
  })

  it('refuse options out of their range', () => {
    expect(() => new optim.Adagrad([leaf(1)], { lrDecay: -1 })).toThrow('Adagrad: lrDecay must be 0 or more, got -1')
    expect(() => new optim.Adadelta([leaf(1)], { rho: 1.5 })).toThrow('Adadelta: rho must lie between 0 and 1, got 1.5')
    expect(() => new optim.RMSprop([leaf(1)], { alpha: Number.NaN })).toThrow('RMSprop: alpha must be 0 or more, got NaN')
    expect(() => new optim.AdamW([leaf(1)], { betas: [1, 0.9] })).toThrow('AdamW: betas must be two numbers from 0 to below 1')
    expect(() => new optim.NAdam([leaf(1)], { momentumDecay: -1 })).toThrow('NAdam: momentumDecay must be 0 or more, got -1')
    expect(() => new optim.Adam([leaf(1)], { eps: -1 })).toThrow('Adam: eps must be 0 or more, got -1')
  })

  it('refuse what makes no sense, by name', () => {
    expect(() => new optim.SGD([], { lr: 1 })).toThrow('SGD: params must be a list of tensors or of groups, and not empty')
    expect(() => new optim.SGD([leaf(1)], { lr: -1 })).toThrow('SGD: lr must be 0 or more, got -1')
    expect(() => new optim.SGD([leaf(1)], { lr: 1, nesterov: true })).toThrow(/SGD: nesterov needs a momentum above 0/)
    expect(() => new optim.Adam([tensor([1])])).toThrow('Adam: params[0] of group 0 must be a leaf tensor that requires grad')
    expect(() => new optim.Adam([leaf(1)], { betas: [0.9, 1] })).toThrow('Adam: betas must be two numbers from 0 to below 1, got [0.9, 1]')
    const w = leaf(1)
    expect(() => new optim.Adam([w, w])).toThrow('Adam: params[1] of group 0, of shape [1], is listed twice')
    expect(() => new optim.SGD([leaf(1).add(1)], { lr: 1 })).toThrow(/must be a leaf/)
    const model = new nn.Linear(1, 1)
    const optimizer = new optim.Adam(model.parameters())
    expect(() => new optim.Adam([leaf(1)]).loadStateDict(optimizer.stateDict())).toThrow(
      'loadStateDict: expected 1 groups and 1 states, got 1 and 2',
    )
  })
})

describe.each<BackendName>(['reference', 'wasm'])('parameters together, on %s', (backend) => {
  beforeAll(() => setBackend(backend))

  const optimizers: Record<string, (params: Tensor[]) => { step(): void; lr: number }> = {
    SGD: (params) => new optim.SGD(params, { lr: 0.1, momentum: 0.9, dampening: 0.5, weightDecay: 0.1 }),
    Adagrad: (params) => new optim.Adagrad(params, { lrDecay: 0.1 }),
    Adadelta: (params) => new optim.Adadelta(params),
    RMSprop: (params) => new optim.RMSprop(params, { momentum: 0.5, centered: true }),
    Adam: (params) => new optim.Adam(params, { amsgrad: true }),
    AdamW: (params) => new optim.AdamW(params),
    NAdam: (params) => new optim.NAdam(params, { lr: 0.1, momentumDecay: 0.5 }),
  }
  const sizes = [3, 0, 17, 1]
  /** The last one computes in double precision. */
  const leaves = () => sizes.map((n, i) => tensor(new Array(n).fill(i + 1), { requiresGrad: true, dtype: i === 3 ? 'float64' : 'float32' }))

  it.each(Object.entries(optimizers))('make the steps that %s makes with each alone, to the bit, whichever have a gradient', (_, make) => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 5 }), (steps) => {
        const [together, alone] = [leaves(), leaves()]
        const all = make(together)
        const each = alone.map((p) => make([p]))
        for (const [t, has] of steps.entries()) {
          for (const params of [together, alone]) {
            for (const [i, p] of params.entries()) p.grad = has[i] ? p.detach().mul(t + 1) : null
          }
          all.step()
          for (const optimizer of each) optimizer.step()
        }
        expect(together.map((p) => p.toArray())).toEqual(alone.map((p) => p.toArray()))
      }),
      { numRuns: 20 },
    )
  })

  it('NAdam tells those apart whose momenta were others, though they have made as many steps', () => {
    const walk = (params: Tensor[], makes: (params: Tensor[]) => optim.NAdam[]) => {
      const optimizers = makes(params)
      for (const [t, has] of [
        [true, false],
        [false, true],
        [true, true],
      ].entries()) {
        for (const [i, p] of params.entries()) p.grad = has[i] ? p.detach().mul(2) : null
        for (const optimizer of optimizers) {
          optimizer.groups[0].betas = t === 0 ? [0.5, 0.9] : [0.9, 0.9]
          optimizer.step()
        }
      }
      return params.map((p) => p.toArray())
    }
    const together = walk([leaf(1), leaf(1)], (params) => [new optim.NAdam(params)])
    expect(together).toEqual(walk([leaf(1), leaf(1)], (params) => params.map((p) => new optim.NAdam([p]))))
    expect(together[0]).not.toEqual(together[1])
  })
})

it('one call of a kernel updates all parameters that have made as many steps', async () => {
  await setBackend('reference')
  const call = vi.spyOn(reference, 'adamInto')
  const [a, b, c] = [leaf(1), leaf(2), leaf(3)]
  const optimizer = new optim.Adam([{ params: [a, b] }, { params: [c], lr: 1 }])
  const sizes = (step: () => void) => {
    call.mockClear()
    step()
    return call.mock.calls.map(([w, , , , , { step }]) => [w.length, step])
  }
  for (const p of [a, b, c]) p.grad = tensor([1])
  expect(sizes(() => optimizer.step())).toEqual([
    [2, 1],
    [1, 1],
  ])
  b.grad = null
  optimizer.step()
  b.grad = tensor([1])
  expect(sizes(() => optimizer.step())).toEqual([
    [1, 3],
    [1, 2],
    [1, 3],
  ])
  call.mockRestore()
})

describe.each<BackendName>(['reference', 'wasm'])('clipGradNorm, on %s', (backend) => {
  beforeAll(() => setBackend(backend))

  const withGradients = () => {
    const [a, b, c] = [leaf(1, 1), leaf(1), leaf(1)]
    a.mul(3).sum().add(b.mul(4).sum()).backward() // gradients (3, 3) and 4: norm √34
    return [a, b, c]
  }

  it('scales all gradients by one factor, and returns their norm', () => {
    const params = withGradients()
    expect(optim.clipGradNorm(params, 1).item()).toBeCloseTo(Math.sqrt(34), 5)
    const [a, b, c] = params
    expect(a.grad!.data[1] / b.grad!.item()).toBeCloseTo(0.75, 6)
    expect(optim.clipGradNorm(params, 10).item()).toBeCloseTo(1, 5)
    expect(c.grad).toBe(null)
  })

  it('leaves shorter ones alone, to the bit', () => {
    const params = withGradients()
    optim.clipGradNorm(params, 6)
    expect(params[0].grad!.toArray()).toEqual([3, 3])
  })

  it('refuses what makes no sense', () => {
    expect(() => optim.clipGradNorm(withGradients(), -1)).toThrow('clipGradNorm: maxNorm must be 0 or more, got -1')
    expect(() => optim.clipGradNorm([leaf(1)], 1)).toThrow('clipGradNorm: none of the parameters has a gradient: call backward() first')
  })
})
