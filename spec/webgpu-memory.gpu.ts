/** Thousands of steps on a GPU without a clean-up call: what a program has let go of is found, as long as it reads something now and then. */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { F, manualSeed, nn, noGrad, optim, randn, setBackend, type Tensor, tensor } from '../src/index.ts'
import type { Gpu } from '../src/webgpu/gpu.ts'
import { loadWebGpu } from '../src/webgpu/index.ts'

const MiB = 2 ** 20
let gpu: Gpu

beforeAll(async () => {
  await setBackend('webgpu')
  gpu = (await loadWebGpu()).gpu
  manualSeed(0)
})

afterAll(() => setBackend('wasm'))

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** What is in use once all that the program has let go of is found. */
async function inUse(): Promise<{ arrays: number; bytes: number }> {
  for (let round = 0; round < 3; round++) {
    collect()
    await new Promise((resolve) => setTimeout(resolve))
  }
  const { arrays, usedBytes } = gpu.memory.stats()
  return { arrays, bytes: usedBytes }
}

/** So many arrays may still be held by what the machine has not forgotten: the last step's results. */
const FEW = 10

interface Loop {
  steps: number
  /** How often the loss is read. Default every 100 steps. */
  every?: number
  /** The most bytes that buffers may take at any time. */
  most?: number
}

/** Runs a loop that reads what each step gives now and then. From a fifth of the way on nothing more may be in use. */
async function expectFlat({ steps, every = 100, most = 64 * MiB }: Loop, step: (i: number) => Tensor): Promise<void> {
  let warm = { arrays: Number.NaN, bytes: Number.NaN }
  let peak = 0
  for (let i = 0; i < steps; i++) {
    const loss = step(i)
    if (i % every === every - 1) expect(Number.isFinite((await loss.read())[0])).toBe(true)
    const { usedBytes, freeBytes } = gpu.memory.stats()
    peak = Math.max(peak, usedBytes + freeBytes)
    if (i === Math.floor(steps / 5)) warm = await inUse()
  }
  const end = await inUse()
  expect(end.arrays, 'arrays in use').toBeLessThanOrEqual(warm.arrays + FEW)
  expect(end.bytes / MiB, 'MiB in use').toBeLessThanOrEqual(warm.bytes / MiB + 0.1)
  expect(peak / MiB, 'MiB of buffers at the fullest').toBeLessThan(most / MiB)
}

const labels = (n: number) => tensor(Int32Array.from({ length: n }, (_, i) => i % 4))
const mlp = () => new nn.Sequential(new nn.Linear(8, 80), new nn.ReLU(), new nn.Linear(80, 4))

describe('memory stays flat', () => {
  it('in 10,000 steps, each with new inputs', async () => {
    const bias = false // fewer kernels: there are many steps
    const model = new nn.Sequential(new nn.Linear(8, 80, { bias }), new nn.ReLU(), new nn.Linear(80, 4, { bias }))
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 })
    const y = labels(8)
    await expectFlat({ steps: 10_000 }, () => {
      optimizer.zeroGrad()
      const loss = F.crossEntropy(model.forward(randn([8, 8])), y)
      loss.backward()
      optimizer.step()
      return loss
    })
  }, 300_000)

  it('with an evaluation outside noGrad after every step', async () => {
    const model = mlp()
    const optimizer = new optim.Adam(model.parameters())
    const y = labels(64)
    await expectFlat({ steps: 300, every: 5 }, () => {
      optimizer.zeroGrad()
      F.crossEntropy(model.forward(randn([64, 8])), y).backward()
      optimizer.step()
      return F.crossEntropy(model.forward(randn([64, 8])), y)
    })
  })

  it('with two losses over a shared part, as in a GAN', async () => {
    const [generator, discriminator] = [mlp(), new nn.Sequential(new nn.Linear(4, 40), new nn.ReLU(), new nn.Linear(40, 1))]
    const [forG, forD] = [generator, discriminator].map((net) => new optim.Adam(net.parameters(), { lr: 1e-4 }))
    const [real, fake] = [tensor(new Float32Array(16).fill(1)).reshape(16, 1), tensor(new Float32Array(16)).reshape(16, 1)]
    const bce = F.binaryCrossEntropyWithLogits
    await expectFlat({ steps: 200, every: 20 }, () => {
      const image = generator.forward(randn([16, 8]))
      forD.zeroGrad()
      bce(discriminator.forward(randn([16, 4])), real)
        .add(bce(discriminator.forward(image.detach()), fake))
        .backward()
      forD.step()
      forG.zeroGrad()
      const loss = bce(discriminator.forward(image), real)
      loss.backward()
      forG.step()
      return loss
    })
  })

  it('with a hidden state that is carried over and detached', async () => {
    const [inner, outer] = [new nn.Linear(24, 24), new nn.Linear(8, 24)]
    const optimizer = new optim.SGD([...inner.parameters(), ...outer.parameters()], { lr: 0.01 })
    let h = tensor(new Float32Array(16 * 24)).reshape(16, 24)
    await expectFlat({ steps: 500 }, () => {
      h = h.detach()
      for (let t = 0; t < 2; t++)
        h = inner
          .forward(h)
          .add(outer.forward(randn([16, 8])))
          .tanh()
      optimizer.zeroGrad()
      const loss = h.mul(h).mean()
      loss.backward()
      optimizer.step()
      return loss
    })
    expect((await h.read()).every((v) => Math.abs(v) <= 1)).toBe(true)
  })

  it('with 500 models built, trained a little and dropped', async () => {
    const y = labels(32)
    await expectFlat({ steps: 500, every: 10 }, () => {
      const model = mlp()
      const optimizer = new optim.Adam(model.parameters())
      optimizer.zeroGrad()
      F.crossEntropy(model.forward(randn([32, 8])), y).backward()
      optimizer.step()
      return noGrad(() => model.forward(randn([32, 8]))).mean()
    })
  })

  it('where only the collector can know what is garbage: it is called when much is in use', async () => {
    const x = tensor(new Float32Array(2 ** 18).fill(1))
    await expectFlat({ steps: 400, every: 1, most: 256 * MiB + 8 * MiB }, () => x.add(1).slice(0, 1).sum())
  })
})

describe('a loop that awaits nothing', () => {
  it('trains as long as it likes: each step finishes its graph', () => {
    const model = mlp()
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 })
    const before = gpu.memory.stats().arrays
    for (let i = 0; i < 200; i++) {
      optimizer.zeroGrad()
      F.crossEntropy(model.forward(randn([64, 8])), labels(64)).backward()
      optimizer.step()
    }
    expect(gpu.memory.stats().arrays - before).toBeLessThan(200 * 12) // losses and other small results wait for the collector
    expect(gpu.memory.stats().usedBytes).toBeLessThan(16 * MiB)
  })

  it('ends in a clear error where it leaves garbage behind, and all goes on after the next await', async () => {
    await setBackend('webgpu', { memory: 2 ** 24 })
    const x = tensor(new Float32Array(2 ** 16).fill(1))
    const endless = () => {
      for (;;) x.add(1)
    }
    expect(endless).toThrow(
      /^add: out of memory: no room for 256\.0 KiB beside the .+ in use, of 16\.0 MiB allowed\. What a program has let go of is free again only after it/,
    )
    await inUse()
    expect([...(await x.add(1).slice(0, 2).read())]).toEqual([2, 2])
  })
})

describe('a training step', () => {
  it('is at most three submissions', async () => {
    await setBackend('webgpu')
    const model = new nn.Sequential(new nn.Linear(8, 64), new nn.ReLU(), new nn.Linear(64, 64), new nn.ReLU(), new nn.Linear(64, 4))
    const optimizer = new optim.Adam(model.parameters())
    const { commands } = (await loadWebGpu()).gpu
    const y = labels(32)
    for (let i = 0; i < 5; i++) {
      const before = commands.submissions
      optimizer.zeroGrad()
      const loss = F.crossEntropy(model.forward(randn([32, 8])), y)
      loss.backward()
      optimizer.step()
      await loss.read()
      expect(commands.submissions - before).toBeLessThanOrEqual(3)
    }
  })
})
