/**
 * One training loop without a clean-up call, in a process of its own: prints the WASM heap and the resident memory of the process every
 * so many steps, as JSON. `node --expose-gc --import tsx spec/loops.child.ts <loop>`
 */
import { F, manualSeed, nn, noGrad, optim, randn, setBackend, type Tensor, tensor } from '../src/index.ts'
import { wasmStats } from '../src/wasm/index.ts'

export interface Sample {
  step: number
  heap: number
  resident: number
}

export interface Report {
  samples: Sample[]
  /** The bytes that JavaScript's heap still holds after a collection, once warm and at the end. */
  held: [warm: number, end: number]
  /** The greatest WASM heap, and the bytes of all tensors that are alive at the fullest moment of a step. */
  peak: number
  alive: number
  /** Read at the end: a number that must be right. */
  checks: Record<string, boolean>
}

const BYTES = 4
const bytesOf = (tensors: readonly Tensor[]) => tensors.reduce((sum, t) => sum + BYTES * t.size, 0)

function mlp(sizes: number[]): nn.Sequential {
  return new nn.Sequential(
    ...sizes.slice(1).flatMap((n, i) => [new nn.Linear(sizes[i], n), ...(i < sizes.length - 2 ? [new nn.ReLU()] : [])]),
  )
}

type Step = (step: number) => void
interface Loop {
  steps: number
  alive: number
  step: Step
  checks?: () => Record<string, boolean>
}

/**
 * Bytes alive at the fullest moment of a training step with Adam: w, dw, m and v of each parameter, the input, every layer's output, and the two
 * gradients in flight when the widest layer is walked back.
 */
function aliveInStep(model: nn.Module, batch: number, widths: readonly number[]): number {
  return 4 * bytesOf(model.parameters()) + batch * BYTES * (widths.reduce((a, b) => a + b, 0) + 2 * Math.max(...widths.slice(1)))
}

/** New inputs in every step; a list of losses that stays readable, a large activation that is refused once its memory is used again. */
function newInputs(): Loop {
  const [first, rest] = [new nn.Linear(16, 96), mlp([96, 10])]
  const model = new nn.Sequential(first, new nn.ReLU(), rest)
  const optimizer = new optim.Adam(model.parameters())
  const losses: Tensor[] = []
  let activation: Tensor | null = null
  const y = tensor(Float32Array.from({ length: 32 }, (_, i) => i % 10))
  return {
    steps: 20_000,
    alive: aliveInStep(model, 32, [16, 96, 96, 10]),
    step: (step) => {
      optimizer.zeroGrad()
      const h = first.forward(randn([32, 16])).relu()
      const loss = F.crossEntropy(rest.forward(h), y)
      loss.backward()
      optimizer.step()
      if (step % 100 === 0) losses.push(loss)
      if (step === 1000) activation = h // 12 KiB
    },
    checks: () => ({
      'the losses are still readable, and finite': losses.every((loss) => Number.isFinite(loss.item())),
      'an activation of a finished graph is refused': throws(() => activation?.data, /relu \[32, 96\]/),
    }),
  }
}

/** The step that `npm run bench` measures: a model of a few MiB. What the loss was computed from is read after backward(), as notebooks do. */
function largerModel(): Loop {
  const [first, rest] = [new nn.Linear(784, 256), mlp([256, 128, 10])]
  const model = new nn.Sequential(first, new nn.ReLU(), rest)
  const optimizer = new optim.Adam(model.parameters())
  const y = tensor(Float32Array.from({ length: 128 }, (_, i) => i % 10))
  return {
    steps: 400,
    alive: aliveInStep(model, 128, [784, 256, 256, 128, 128, 10]),
    step: () => {
      optimizer.zeroGrad()
      F.crossEntropy(model.forward(randn([128, 784])), y).backward()
      optimizer.step()
    },
    checks: () => {
      const sums = first.forward(randn([128, 784]))
      const wide = sums.relu()
      F.mseLoss(wide, randn([128, 256])).backward()
      return {
        'a result is readable after backward()': wide.data.every(Number.isFinite),
        'the sums that ReLU has replaced are refused': throws(() => sums.data, /linear \[128, 256\]/),
      }
    },
  }
}

function throws(fn: () => unknown, message: RegExp): boolean {
  try {
    fn()
    return false
  } catch (error) {
    return error instanceof Error && message.test(error.message)
  }
}

/** An evaluation after every step that forgets noGrad: graphs that nobody walks. */
function evaluation(): Loop {
  const model = mlp([32, 64, 10])
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9 })
  const y = tensor(Float32Array.from({ length: 16 }, (_, i) => i % 10))
  const history: Tensor[] = []
  return {
    steps: 20_000,
    alive: 3 * bytesOf(model.parameters()) + 2 * 16 * BYTES * (32 + 2 * 64 + 10),
    step: (step) => {
      optimizer.zeroGrad()
      F.crossEntropy(model.forward(randn([16, 32])), y).backward()
      optimizer.step()
      const validation = F.crossEntropy(model.forward(randn([16, 32])), y)
      if (step % 1000 === 0) history.push(validation.detach())
    },
    checks: () => ({ 'what was kept is readable': history.every((loss) => loss.item() > 0) }),
  }
}

/** Two networks, two losses, and a generated batch that both of them see. */
function gan(): Loop {
  const generator = mlp([8, 32, 32])
  const discriminator = mlp([32, 32, 1])
  const [forG, forD] = [generator, discriminator].map((net) => new optim.Adam(net.parameters(), { lr: 1e-4 }))
  const [real, fake] = [tensor(new Float32Array(16).fill(1)).reshape(16, 1), tensor(new Float32Array(16)).reshape(16, 1)]
  const bce = F.binaryCrossEntropyWithLogits
  return {
    steps: 20_000,
    alive: 4 * (bytesOf(generator.parameters()) + bytesOf(discriminator.parameters())) + 3 * 16 * BYTES * (8 + 32 * 6 + 4),
    step: () => {
      const image = generator.forward(randn([16, 8]))
      forD.zeroGrad()
      bce(discriminator.forward(randn([16, 32])), real)
        .add(bce(discriminator.forward(image.detach()), fake))
        .backward()
      forD.step()
      forG.zeroGrad()
      bce(discriminator.forward(image), real).backward()
      forG.step()
    },
  }
}

/** A hidden state that goes on from step to step, cut off from the graph behind it. */
function carriedState(): Loop {
  const [inner, outer] = [new nn.Linear(24, 24), new nn.Linear(8, 24)]
  const optimizer = new optim.SGD([...inner.parameters(), ...outer.parameters()], { lr: 0.01 })
  let h: Tensor = tensor(new Float32Array(16 * 24)).reshape(16, 24)
  return {
    steps: 20_000,
    alive: 2 * BYTES * (24 * 25 + 24 * 9) + 16 * BYTES * (8 + 24 * 8),
    step: () => {
      h = h.detach()
      for (let t = 0; t < 2; t++)
        h = inner
          .forward(h)
          .add(outer.forward(randn([16, 8])))
          .tanh()
      optimizer.zeroGrad()
      h.mul(h).mean().backward()
      optimizer.step()
    },
    checks: () => ({ 'the state is readable and within tanh': h.data.every((v) => Math.abs(v) <= 1) }),
  }
}

/** Models built, trained a little, and dropped. */
function droppedModels(): Loop {
  const sizes = [64, 256, 128, 10]
  const y = tensor(Float32Array.from({ length: 32 }, (_, i) => i % 10))
  return {
    steps: 500,
    alive: aliveInStep(mlp(sizes), 32, [64, 256, 256, 128, 128, 10]),
    step: () => {
      const model = mlp(sizes)
      const optimizer = new optim.Adam(model.parameters())
      for (let i = 0; i < 3; i++) {
        optimizer.zeroGrad()
        F.crossEntropy(model.forward(randn([32, 64])), y).backward()
        optimizer.step()
      }
      noGrad(() => model.forward(randn([32, 64])))
    },
  }
}

const loops: Record<string, () => Loop> = { newInputs, largerModel, evaluation, gan, carriedState, droppedModels }

await setBackend('wasm')
manualSeed(0)
const loop = loops[process.argv[2]]()
const every = loop.steps / 40
/** The machine code of the loop and the memory's budget have settled. */
const WARM = 6

function held(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
const samples: Sample[] = []
let peak = 0
let warm = 0
for (let step = 0; step < loop.steps; step++) {
  loop.step(step)
  if (step % every !== 0) continue
  const heap = wasmStats().heapBytes
  peak = Math.max(peak, heap)
  samples.push({ step, heap, resident: process.memoryUsage.rss() })
  if (samples.length === WARM) warm = held()
}
const report: Report = { samples, held: [warm, held()], peak, alive: loop.alive, checks: loop.checks?.() ?? {} }
process.stdout.write(JSON.stringify(report))
