/** The lesson's network is what its plan says, its pools are the library's, and it reads digits and the IDX files of a folder. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  Cnn,
  load,
  maxPool,
  maxPoolBackward,
  moved,
  outputShape,
  parameterCount,
  plan,
  predict,
  trainEpoch,
} from '../exercises/solutions/cnn.ts'
import { arange, data, evaluate, F, manualSeed, nn, optim, randn, setBackend, type Tensor } from '../src/index.ts'
import { demoOptions } from '../src/learn/front.ts'
import { root } from '../src/learn/paths.ts'
import { lessonNamed, readArguments } from '../src/learn/usage.ts'
import { runFile } from './project-copy.ts'

beforeAll(() => setBackend('wasm'))

const gridOf = (x: Tensor) => (x.toArray() as number[][]).map((row) => Float64Array.from(row))

describe('the network', () => {
  it('has the shapes and the parameters of its plan', () => {
    const layers = plan.map(({ kind }) => kind)
    expect(layers).toEqual(['convolve', 'relu', 'pool', 'convolve', 'relu', 'pool', 'flatten', 'linear'])
    const net = new Cnn()
    const modules = [
      net.conv1,
      new nn.ReLU(),
      new nn.MaxPool2d({ kernelSize: 2 }),
      net.conv2,
      new nn.ReLU(),
      new nn.MaxPool2d({ kernelSize: 2 }),
    ]
    let x: Tensor = randn([1, 1, 28, 28])
    for (const [i, module] of [...modules, new nn.Flatten(), net.fc].entries()) {
      const shape = x.shape.slice(1)
      x = module.forward(x)
      expect(x.shape.slice(1), layers[i]).toEqual(outputShape(plan[i], shape))
      expect(
        module.parameters().reduce((sum, { size }) => sum + size, 0),
        layers[i],
      ).toBe(parameterCount(plan[i], shape))
    }
  })

  it('pools as F.maxPool2d does, forward and backward', () => {
    manualSeed(1)
    const x = randn([1, 1, 7, 9], { requiresGrad: true })
    const y = F.maxPool2d(x, { kernelSize: 3, stride: 2 })
    const dy = randn(y.shape)
    y.backward({ gradient: dy })
    const ours = maxPool(gridOf(x.detach().reshape(7, 9)), 3, 2)
    expect(ours.y).toEqual(gridOf(y.detach().reshape(3, 4)))
    const dx = maxPoolBackward(gridOf(dy.reshape(3, 4)), ours.at, 7, 9)
    for (const [i, value] of dx.flatMap((row) => [...row]).entries()) expect(value).toBeCloseTo(x.grad?.data[i] ?? Number.NaN, 5)
  })

  it('sees images moved to the right and down', () => {
    const x = arange(1, 10).reshape(1, 1, 3, 3)
    expect([...moved(x, 1, 0).data]).toEqual([0, 1, 2, 0, 4, 5, 0, 7, 8])
    expect([...moved(x, 0, -1).data]).toEqual([4, 5, 6, 7, 8, 9, 0, 0, 0])
  })

  it('learns to read digits, from 640 of them a little', async () => {
    const { train, test } = await load('digits', 1)
    expect([train.x.shape[0], ...test.x.shape]).toEqual([1437, 360, 1, 28, 28])
    manualSeed(1)
    const net = new Cnn()
    const optimizer = new optim.Adam(net.parameters(), { lr: 2e-3 })
    const loader = new data.DataLoader(new data.TensorDataset(train.x.slice(0, 640), train.t.slice(0, 640)), {
      batchSize: 32,
      shuffle: true,
    })
    const losses = [await trainEpoch(net, optimizer, loader), await trainEpoch(net, optimizer, loader)]
    expect(losses[0]).toBeLessThan(Math.log(10))
    expect(losses[1]).toBeLessThan(0.6 * losses[0])
    expect(await evaluate.accuracy(test.t, await predict(net, test.x))).toBeGreaterThan(0.75)
  })
})

describe('--data', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gradus-cnn-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** The four files, of digits that are 8 × 8: 96 to learn from and 24 to be tested on. */
  function write(name: string, pack: (bytes: Buffer) => Uint8Array, extension: string): string {
    const dir = join(folder, name)
    mkdirSync(dir)
    const { x, y } = data.digits()
    for (const [part, from, to] of [
      ['train', 0, 96],
      ['t10k', 96, 120],
    ] as const) {
      const [pixels, labels] = [x.slice(from, to).data, y.slice(from, to).data]
      const idx = (shape: number[], values: ArrayLike<number>) => {
        const header = Buffer.alloc(4 + 4 * shape.length)
        header.set([0, 0, 8, shape.length])
        for (const [axis, n] of shape.entries()) header.writeUInt32BE(n, 4 + 4 * axis)
        return pack(Buffer.concat([header, Uint8Array.from(values)]))
      }
      writeFileSync(
        join(dir, `${part}-images-idx3-ubyte${extension}`),
        idx(
          [to - from, 8, 8],
          pixels.map((v) => Math.min(255, v * 16)),
        ),
      )
      writeFileSync(join(dir, `${part}-labels-idx1-ubyte${extension}`), idx([to - from], labels))
    }
    return dir
  }

  it('reads the files of a folder, scales their images, and runs the whole lesson on them', async () => {
    const dir = write('fashion-mnist', gzipSync, '.gz')
    const { train, test, names, title } = await load(dir, 1)
    expect([train.x.shape, test.x.shape, test.t.shape]).toEqual([[96, 1, 28, 28], [24, 1, 28, 28], [24]])
    expect([names[9], title]).toEqual(['Ankle boot', 'pieces of clothing (Fashion-MNIST)'])
    const { code, out, err } = await runFile(root, ['exercises/solutions/cnn.ts', '--data', dir, '--quick'], { NO_COLOR: '1' })
    expect(err).toBe('')
    expect(code).toBe(0)
    expect(out).toContain('96 images to learn from, 24 to be tested on.')
    expect(out).toMatch(/epoch 1: cross-entropy \d\.\d{4}\n/)
    expect(out).toContain('The way back through a pool')
  })

  it('takes files without gzip, and the names of the digits where the folder does not say fashion', async () => {
    const { names, title } = await load(
      write('plain', (bytes) => bytes, ''),
      1,
    )
    expect([names[9], title]).toEqual(['9', 'digits (MNIST)'])
  })

  it('says what is missing', async () => {
    const asked = (data: string) => demoOptions(lessonNamed('cnn'), readArguments(['--data', data]))
    await expect(asked(join(folder, 'none'))).rejects.toThrow(
      'and there is no such file or folder: there is digits, or the path of a folder with the IDX files',
    )
    expect((await asked(folder)).data).toBe(folder)
    await expect(load(folder, 1)).rejects.toThrow(`mnist: ${folder}/train-images-idx3-ubyte is missing`)
  })
})
