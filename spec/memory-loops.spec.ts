import { describe, expect, it } from 'vitest'
import type { WasmArray } from '../src/wasm/memory.ts'
import { adam, backward, forward, Machine, type Model, model, trainStep } from './memory-machine.ts'

const KiB = 1024
const PAGE = 64 * KiB
const MLP = [128, 64, 32, 10] // 0.04 MiB of parameters
const BATCH = 64

interface Loop {
  steps: number
  /** Steps after which nothing may change any more. */
  warm: number
  /** Faults per step that are allowed after that; none in a loop that repeats itself. */
  faults?: number
  /** The budget against what is alive at the fullest moment. */
  most?: number
}

/** Runs a loop of training, and holds the heap to its promises. The budget begins so small that these models are large for it. */
function run({ steps, warm, faults = 0, most = 1.3 }: Loop, step: (machine: Machine, i: number) => void): Machine {
  const machine = new Machine({ budget: 32 * KiB })
  for (let i = 0; i < warm; i++) step(machine, i)
  const before = machine.memory.stats()
  for (let i = warm; i < steps; i++) step(machine, i)
  const after = machine.memory.stats()
  expect(after.heapBytes, 'the heap does not grow').toBe(before.heapBytes)
  expect(after.budget, 'nor does the budget').toBe(before.budget)
  expect((after.faults - before.faults) / (steps - warm), 'faults per step').toBeLessThanOrEqual(faults)
  expect(after.budget / machine.peak, `budget ${after.budget / KiB} KiB, alive ${machine.peak / KiB} KiB`).toBeLessThanOrEqual(most)
  expect(after.heapBytes).toBeLessThanOrEqual(Math.ceil((1024 + (17 / 16) * after.budget) / PAGE) * PAGE) // the last page is full only by chance
  return machine
}

/** A loop that trains one model, and does something else besides. */
function training(besides: (machine: Machine, p: Model, i: number) => void = () => {}) {
  let p: Model | undefined
  return (machine: Machine, i: number) => {
    p ??= model(machine, MLP)
    machine.read(trainStep(machine, p, BATCH))
    besides(machine, p, i)
  }
}

/** A forward pass whose graph nobody walks: it is garbage that the memory is not told about. */
function evaluate(machine: Machine, p: Model, batch = BATCH): void {
  const x = machine.upload(batch * p.sizes[0])
  const graph = forward(machine, p, x, batch)
  machine.read(graph[graph.length - 1])
  machine.drop(x, ...graph)
}

describe('thousands of steps without a clean-up call', () => {
  it('training, with new inputs in every step', () => {
    run({ steps: 10_000, warm: 500 }, training())
  })

  it('batches of every length', () => {
    let p: Model | undefined
    run({ steps: 3000, warm: 1000, faults: 0.2 }, (machine, i) => {
      p ??= model(machine, MLP)
      trainStep(machine, p, 1 + ((i * 7919) % BATCH))
    })
  })

  it('an evaluation outside noGrad after every step', () => {
    run(
      { steps: 2000, warm: 200 },
      training((machine, p) => evaluate(machine, p)),
    )
  })

  it('an evaluation outside noGrad of a hundred batches now and then', () => {
    run(
      { steps: 2000, warm: 500 },
      training((machine, p, i) => {
        for (let k = 0; k < 100 && i % 100 === 0; k++) evaluate(machine, p)
      }),
    )
  })

  it('a data set on the heap, looked at in every step, with evaluations between', () => {
    let data: WasmArray | undefined
    let p: Model | undefined
    run({ steps: 2000, warm: 500 }, (machine, i) => {
      p ??= model(machine, MLP)
      data ??= machine.upload(200 * MLP[0])
      trainStep(machine, p, BATCH, machine.run(BATCH * MLP[0], data))
      for (let k = 0; k < 10 && i % 25 === 0; k++) evaluate(machine, p)
    })
  })

  it('deep and wide: activations larger than all parameters', () => {
    let p: Model | undefined
    run({ steps: 400, warm: 150 }, (machine) => {
      p ??= model(machine, Array(12).fill(16))
      trainStep(machine, p, 256)
    })
  })

  it('makes room for what every step would copy out in vain, but not for one more', () => {
    const machine = new Machine({ budget: 33 * KiB }) // a result and what it is made from
    const step = () => {
      const a = machine.run(4096)
      const b = machine.run(4096, a)
      const c = machine.run(4096, b)
      machine.release(machine.run(16))
      machine.retire([a, b, c])
    }
    const copied = Array.from({ length: 60 }, () => {
      const { evictedBytes } = machine.memory.stats()
      step()
      return machine.memory.stats().evictedBytes - evictedBytes
    })
    expect(copied.slice(1, 8)).toEqual(Array(7).fill(16 * KiB))
    expect(copied.slice(40)).toEqual(Array(20).fill(0))
    expect(machine.memory.stats().budget).toBeLessThan(64 * KiB)
  })

  it('two losses over a shared part, as in a GAN', () => {
    let nets: [Model, Model] | undefined
    run({ steps: 1500, warm: 300 }, (machine) => {
      nets ??= [model(machine, [32, 64, 196]), model(machine, [196, 64, 1])]
      const [generator, discriminator] = nets
      const [noise, real] = [machine.upload(64 * 32), machine.upload(64 * 196)]
      const made = forward(machine, generator, noise, 64)
      const fake = made[made.length - 2]
      for (const x of [real, fake]) trainStep(machine, discriminator, 64, x)
      const judged = forward(machine, discriminator, fake, 64)
      const ignored = backward(machine, discriminator, fake, judged, 64)
      const gradients = backward(machine, generator, noise, made, 64)
      machine.retire([...judged, ...made])
      adam(machine, generator, gradients)
      machine.retire([...ignored, ...gradients])
      machine.drop(noise, real)
    })
  })

  it('a hidden state that goes on from step to step', () => {
    let p: Model | undefined
    let h: WasmArray | undefined
    const machine = run({ steps: 3000, warm: 300 }, (machine) => {
      p ??= model(machine, [64, 64, 64])
      h ??= machine.upload(64 * 64)
      const graph = forward(machine, p, h, 64)
      const gradients = backward(machine, p, h, graph, 64)
      const next = graph[graph.length - 2] // detached: it is not given up with its graph
      machine.retire(graph.filter((x) => x !== next))
      adam(machine, p, gradients)
      machine.retire(gradients)
      machine.drop(h)
      h = next
    })
    if (h) machine.read(h)
  })

  it('gradients summed over eight batches', () => {
    let p: Model | undefined
    run({ steps: 400, warm: 100 }, (machine) => {
      p ??= model(machine, MLP)
      const sums: WasmArray[] = []
      for (let k = 0; k < 8; k++) {
        const x = machine.upload(32 * MLP[0])
        const graph = forward(machine, p, x, 32)
        for (const [i, dw] of backward(machine, p, x, graph, 32).entries()) {
          const sum = sums[i]
          sums[i] = sum ? machine.run(dw.length, sum, dw) : dw
          if (sum) machine.release(sum, dw)
        }
        machine.retire(graph)
        machine.drop(x)
      }
      adam(machine, p, sums)
      machine.retire(sums)
    })
  })

  it('a list of losses, all of them readable at the end', () => {
    const losses: WasmArray[] = []
    let p: Model | undefined
    const machine = run({ steps: 5000, warm: 500, most: Number.POSITIVE_INFINITY }, (machine) => {
      p ??= model(machine, [16, 8, 1])
      losses.push(trainStep(machine, p, 8))
    })
    for (const loss of losses) machine.read(loss)
  })

  // A model that has been dropped looks alive for as long as its arrays had been idle before: until a second step of the next one.
  it.each([
    [1, 1.7],
    [10, 1.7],
    [50, 1.3],
  ])('models built, trained for %i steps and dropped', (lifetime, most) => {
    let p: Model | undefined
    run({ steps: 60 * Math.max(50, lifetime), warm: 20 * Math.max(50, lifetime), faults: 2, most }, (machine, i) => {
      if (i % lifetime === 0) {
        if (p) machine.drop(...p.w, ...p.m, ...p.v)
        p = model(machine, MLP)
      }
      if (p) trainStep(machine, p, 32)
    })
  })

  it('a loop by hand, without a graph: new arrays for the old', () => {
    let w: WasmArray[] | undefined
    run({ steps: 2000, warm: 500, most: 4.5 }, (machine) => {
      w = (w ?? Array.from({ length: 4 }, () => machine.upload(5000))).map((old) => {
        let next = machine.run(5000, old)
        for (let i = 0; i < 5; i++) {
          const passing = next
          next = machine.run(5000, old, passing)
          machine.drop(passing)
        }
        machine.drop(old)
        return next
      })
    })
  })
})
