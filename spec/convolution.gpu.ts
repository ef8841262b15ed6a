/** What is built of convolutions, pooling and norms, forward and back: the same on the GPU as on wasm. */
import { afterAll, expect, it } from 'vitest'
import { F, manualSeed, nn, randn, setBackend, type Tensor } from '../src/index.ts'
import { expectClose } from './support.ts'

/** Down by a stride of 2, each channel for itself, a pool of each kind, and up again. */
class Hourglass extends nn.Module {
  readonly down = new nn.Conv2d(3, 8, { kernelSize: 3, stride: 2, padding: 1 })
  readonly norm = new nn.BatchNorm2d(8)
  readonly apart = new nn.Conv2d(8, 16, { kernelSize: [3, 1], padding: [2, 0], dilation: [2, 1], groups: 8, bias: false })
  readonly rows = new nn.LayerNorm([3, 4])
  readonly up = new nn.ConvTranspose2d(16, 4, { kernelSize: 3, stride: [2, 3], padding: 1, outputPadding: [1, 0], groups: 2 })

  override forward(x: Tensor): Tensor {
    const small = F.relu(this.norm.forward(this.down.forward(x))) // [N, 8, 6, 7]
    const pooled = F.maxPool2d(this.apart.forward(small), { kernelSize: 2, padding: [0, 1] }) // [N, 16, 3, 4]
    const up = this.up.forward(this.rows.forward(pooled)) // [N, 4, 6, 10]
    return F.avgPool2d(up, { kernelSize: [2, 3], stride: [1, 2], padding: 1, countIncludePad: false })
  }
}

async function computed(backend: 'wasm' | 'webgpu') {
  await setBackend(backend)
  manualSeed(1)
  const model = new Hourglass()
  const x = randn([5, 3, 11, 13], { requiresGrad: true })
  const y = model.forward(x)
  y.mul(randn(y.shape)).sum().backward()
  const { running_mean, running_var } = model.norm
  const tensors = [y, running_mean, running_var, ...[x, ...model.parameters()].map(({ grad }) => grad as Tensor)]
  return Promise.all(tensors.map((t) => t.read()))
}

afterAll(() => setBackend('wasm'))

it('an hourglass gives what wasm gives, and passes back the same gradients', async () => {
  const [expected, actual] = [await computed('wasm'), await computed('webgpu')]
  expect(actual).toHaveLength(3 + 1 + 9)
  for (const [i, numbers] of actual.entries()) expectClose(numbers, expected[i], { atol: 1e-5, rtol: 1e-4 })
})
