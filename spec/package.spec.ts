/** The package as its users get it: packed, installed into an empty folder, run by Node, bundled for browsers, checked by tsc. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../src/learn/paths.ts'
import { type App, bundle, installPackage } from './packed.ts'

let app: App
const builds = ['gradus.simd.wasm', 'gradus.relaxed.wasm']

const XOR = `
import { backend, F, manualSeed, nn, optim, tensor } from 'gradus'

manualSeed(1)
const x = tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
const y = tensor([[0], [1], [1], [0]])
const model = new nn.Sequential(new nn.Linear(2, 8), new nn.Tanh(), new nn.Linear(8, 1))
const optimizer = new optim.Adam(model.parameters(), { lr: 0.05 })
for (let step = 0; step < 300; step++) {
  optimizer.zeroGrad()
  F.binaryCrossEntropyWithLogits(model.forward(x), y).backward()
  optimizer.step()
}
const loss = F.binaryCrossEntropyWithLogits(model.forward(x), y)
console.log(JSON.stringify({ backend: backend(), loss: (await loss.read())[0] }))
`

const CONSUMER = `
import { type BackendName, data, F, fit, type History, io, nn, optim, type Tensor, tensor } from 'gradus'
import { lines } from 'gradus/plot'

const x: Tensor = tensor([[1, 2]], { requiresGrad: true })
const y: Tensor = x.matmul(tensor([[1], [2]])).tanh()
const { values, indices } = y.max(1)
const model: nn.Module = new nn.Sequential(new nn.Linear(2, 1), new nn.ReLU())
new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 }).step()
const train = new data.TensorDataset(x.detach(), tensor([1], { dtype: 'int32' }))
export const history: Promise<History> = fit(model, { train, epochs: 1, optimizer: new optim.Adam(model.parameters()), loss: F.crossEntropy })
export const saved: Promise<void> = io.save('model.safetensors', model.stateDict())
export const picture: string = lines([1, 2, 3]).text()
export const result: [Tensor, Tensor, Tensor, BackendName] = [F.mseLoss(model.forward(x), y), values, indices, 'wasm']
// @ts-expect-error: a product is a tensor, not a string
export const wrong: string = x.matmul(y)
// @ts-expect-error: there is no such method
x.matmull(y)
`

/** Trains by a script, and tells where it computed and how well it learnt. */
function train(script: string): { backend: string; loss: number } {
  return JSON.parse(execFileSync(process.execPath, [script], { cwd: app.folder, encoding: 'utf8' }))
}

beforeAll(async () => {
  app = await installPackage()
  writeFileSync(join(app.folder, 'xor.js'), XOR)
}, 120_000)

afterAll(() => app.remove())

describe('the package', () => {
  it('holds the library, both wasm files and the licences, and nothing else', () => {
    expect(readdirSync(app.installed).sort()).toEqual(['LICENSE', 'README.md', 'data', 'dist', 'node_modules', 'package.json'])
    expect(readdirSync(join(app.installed, 'dist')).sort()).toEqual(['data', 'src'])
    expect(readdirSync(join(app.installed, 'dist/src/wasm'))).toEqual(expect.arrayContaining(builds))
    expect(existsSync(join(app.installed, 'dist/src/learn'))).toBe(false)
    expect(readdirSync(join(app.folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['gradus'])
  })

  it('trains XOR in Node, on wasm', () => {
    const { backend, loss } = train('xor.js')
    expect(backend).toBe('wasm')
    expect(loss).toBeLessThan(0.02)
  })

  it('says in one sentence what webgpu needs in Node, and fails', () => {
    writeFileSync(join(app.folder, 'gpu.js'), "import { setBackend } from 'gradus'\nawait setBackend('webgpu')\n")
    const { status, stderr } = spawnSync(process.execPath, ['gpu.js'], { cwd: app.folder, encoding: 'utf8' })
    expect(stderr).toMatch(/GradusError: webgpu: Node has no WebGPU of its own: run .+"npm install webgpu"/)
    expect(status).toBe(1)
  })

  it('is bundled by Vite for browsers, and the bundle trains', async () => {
    expect(await bundle(app, 'xor.js')).toEqual([]) // such as: a module of Node has been externalized
    const assets = readdirSync(join(app.folder, 'site/assets'))
    expect(assets.filter((asset) => /^gradus\.simd-.*\.wasm$/.test(asset))).toHaveLength(1)
    expect(assets.filter((asset) => /^gradus\.relaxed-.*\.wasm$/.test(asset))).toHaveLength(1)
    // The methods of Tensor come by an import for its side effect alone: it must not be shaken off.
    const [script] = assets.filter((asset) => asset.startsWith('index-'))
    expect(train(join('site/assets', script))).toEqual(train('xor.js'))
  })

  it.each([
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])('has types for module %s, resolution %s', (module, moduleResolution) => {
    writeFileSync(join(app.folder, 'consumer.ts'), CONSUMER)
    const compilerOptions = { module, moduleResolution, target: 'es2022', strict: true, noEmit: true, types: [], skipLibCheck: false }
    writeFileSync(join(app.folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }))
    const tsc = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc')], { cwd: app.folder, encoding: 'utf8' })
    expect(tsc.stdout).toBe('')
    expect(tsc.status).toBe(0)
  })
})
