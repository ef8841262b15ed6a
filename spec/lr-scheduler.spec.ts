/** Schedules of the learning rate. */
import { describe, expect, it } from 'vitest'
import { optim, tensor } from '../src/index.ts'
import { expectClose, oracle } from './support.ts'

const { StepLR, ExponentialLR, CosineAnnealingLR, OneCycleLR, ReduceLROnPlateau } = optim.lrScheduler
const leaf = () => tensor([1], { requiresGrad: true })
const sgd = (lr = 0.1) => new optim.SGD([leaf()], { lr, momentum: 0.9 })

interface ScheduleCase {
  op: keyof typeof schedules
  params: Record<string, never>
  lr0: number
  lrs: number[]
}

const schedules = { StepLR, ExponentialLR, CosineAnnealingLR, OneCycleLR }

/** The rate before each of n epochs. */
function rates(optimizer: { lr: number }, scheduler: { step(): void }, n: number): number[] {
  return Array.from({ length: n }, () => {
    const { lr } = optimizer
    scheduler.step()
    return lr
  })
}

describe('schedules', () => {
  it.each(oracle<ScheduleCase>('schedulers'))('$op: the rates of PyTorch', ({ op, params, lr0, lrs }) => {
    const optimizer = sgd(lr0)
    expectClose(rates(optimizer, new schedules[op](optimizer, params as never), lrs.length), lrs, { rtol: 1e-9, atol: 1e-12 })
  })

  it('give each group a rate of its own', () => {
    const optimizer = new optim.SGD([{ params: [leaf()] }, { params: [leaf()], lr: 1 }], { lr: 0.1 })
    const scheduler = new ExponentialLR(optimizer, { gamma: 0.5 })
    scheduler.step()
    expect(optimizer.groups.map(({ lr }) => lr)).toEqual([0.05, 0.5])
  })

  it('go on where a saved one stood', () => {
    const [a, b] = [sgd(), sgd()]
    const first = new StepLR(a, { stepSize: 2 })
    for (let i = 0; i < 3; i++) first.step()
    const second = new StepLR(b, { stepSize: 2 })
    second.loadStateDict(first.stateDict())
    expect(b.lr).toBe(a.lr)
    first.step()
    second.step()
    expect(b.lr).toBe(a.lr)
    expect(b.lr).toBeCloseTo(0.001, 12)
  })

  it('refuse what makes no sense, by name', () => {
    expect(() => new StepLR(sgd(), { stepSize: 0 })).toThrow('StepLR: stepSize must be an integer of 1 or more, got 0')
    expect(() => new ExponentialLR(sgd(), { gamma: 0 })).toThrow('ExponentialLR: gamma must be above 0, got 0')
    expect(() => new CosineAnnealingLR(sgd(), { tMax: 2.5 })).toThrow('CosineAnnealingLR: tMax must be an integer of 1 or more, got 2.5')
    expect(() => new OneCycleLR(sgd(), { maxLr: 1, totalSteps: 1 })).toThrow('OneCycleLR: totalSteps must be an integer of 2 or more')
    expect(() => new OneCycleLR(new optim.Adagrad([leaf()]), { maxLr: 1, totalSteps: 5 })).toThrow(
      'OneCycleLR: the optimiser has no momentum to cycle; set cycleMomentum to false',
    )
    expect(() => new ReduceLROnPlateau(sgd(), { factor: 1 })).toThrow('ReduceLROnPlateau: factor must lie between 0 and 1, got 1')
    expect(() => new ReduceLROnPlateau(sgd(), { mode: 'up' as never })).toThrow(`mode must be 'min' or 'max', got "up"`)
    expect(() => new ReduceLROnPlateau(sgd()).step(undefined as never)).toThrow(
      'step takes the metric of the epoch, a number, got undefined',
    )
  })
})

describe('OneCycleLR', () => {
  it('moves the momentum against the rate, from its greatest to its least and back', () => {
    const optimizer = sgd()
    const scheduler = new OneCycleLR(optimizer, { maxLr: 1, totalSteps: 20, pctStart: 0.55 })
    const [group] = optimizer.groups
    const momenta = Array.from({ length: 20 }, () => {
      const { momentum } = group
      scheduler.step()
      return momentum
    })
    expect(momenta[0]).toBeCloseTo(0.95, 12)
    expect(momenta[10]).toBeCloseTo(0.85, 12)
    expect(momenta[19]).toBeCloseTo(0.95, 12)
    expect(() => scheduler.step()).toThrow('OneCycleLR: the cycle has 20 steps, and they are over')
  })

  it('moves β₁ of Adam, unless told not to', () => {
    const adam = () => new optim.Adam([leaf()], { betas: [0.9, 0.99] })
    const [a, b] = [adam(), adam()]
    new OneCycleLR(a, { maxLr: 1, totalSteps: 9 })
    new OneCycleLR(b, { maxLr: 1, totalSteps: 9, cycleMomentum: false })
    expect([a, b].map(({ groups }) => groups[0].betas)).toEqual([
      [0.95, 0.99],
      [0.9, 0.99],
    ])
  })

  it.each([0, 0.01, 1 / 12, 0.5, 1])('gives finite rates up to maxLr where %f of it is warm-up', (pctStart) => {
    const optimizer = sgd()
    const lrs = rates(optimizer, new OneCycleLR(optimizer, { maxLr: 1, totalSteps: 12, pctStart }), 12)
    expect(lrs.every((lr) => lr > 0 && lr <= 1)).toBe(true)
  })
})

describe('ReduceLROnPlateau', () => {
  const run = (metrics: number[], options: optim.lrScheduler.ReduceLROnPlateauOptions) => {
    const optimizer = sgd(1)
    const scheduler = new ReduceLROnPlateau(optimizer, { factor: 0.5, ...options })
    return metrics.map((metric) => {
      scheduler.step(metric)
      return optimizer.lr
    })
  }

  it('waits for `patience` epochs without improvement', () => {
    expect(run([3, 2, 2, 2, 2, 2, 2], { patience: 2 })).toEqual([1, 1, 1, 1, 0.5, 0.5, 0.5])
    expect(run([3, 2, 2, 2, 1, 1, 1], { patience: 2 })).toEqual([1, 1, 1, 1, 1, 1, 1])
  })

  it('counts as better only what is better by the threshold', () => {
    expect(run([1, 0.95, 0.94], { patience: 0, threshold: 0.1 })).toEqual([1, 0.5, 0.25])
    expect(run([1, 0.85], { patience: 0, threshold: 0.1 })).toEqual([1, 1])
    expect(run([10, 9.5], { patience: 0, threshold: 0.1, thresholdMode: 'abs' })).toEqual([1, 1])
    expect(run([0.5, 0.6, 0.6], { patience: 0, mode: 'max' })).toEqual([1, 1, 0.5])
  })

  it('rests after a change, and stops at minLr', () => {
    expect(run([1, 1, 1, 1, 1], { patience: 0, cooldown: 2 })).toEqual([1, 0.5, 0.5, 0.5, 0.25])
    expect(run([1, 1, 1, 1], { patience: 0, minLr: 0.4 })).toEqual([1, 0.5, 0.4, 0.4])
  })

  it('takes NaN for no improvement', () => {
    expect(run([NaN, NaN], { patience: 1 })).toEqual([1, 0.5])
  })

  it('goes on where a saved one stood', () => {
    const [a, b] = [sgd(1), sgd(1)]
    const [first, second] = [a, b].map((optimizer) => new ReduceLROnPlateau(optimizer, { patience: 1 }))
    first.step(1)
    first.step(1)
    second.loadStateDict(first.stateDict())
    second.step(1)
    expect(b.lr).toBeCloseTo(0.1, 12)
  })
})
