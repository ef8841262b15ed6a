/** Whole programs on a GPU: what they print is what the reference prints, but for rounding. */
import { afterAll, beforeEach, expect, it } from 'vitest'
import { backend, F, manualSeed, nn, randn, setBackend, tensor } from '../src/index.ts'
import { loadWebGpu } from '../src/webgpu/index.ts'
import { programs } from './programs.ts'

beforeEach(async () => {
  await setBackend('webgpu')
  manualSeed(1)
})

afterAll(() => setBackend('wasm'))

/** All numbers of a result, in order. */
const flat = (value: unknown): number[] => {
  if (typeof value === 'number') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(flat) : []
}

it.each(Object.entries(programs))('%s', async (_, program) => {
  const actual = flat(await program())
  await setBackend('reference')
  manualSeed(1)
  const expected = flat(await program())
  expect(actual.length).toBe(expected.length)
  for (const [i, value] of expected.entries()) {
    if (Number.isNaN(value)) expect(actual[i], `number ${i}`).toBeNaN()
    else
      expect(Math.abs(actual[i] - value), `number ${i}: ${actual[i]}, expected ${value}`).toBeLessThan(1e-3 * Math.max(1, Math.abs(value)))
  }
})

it('tensors move to another backend with what was computed, and back', async () => {
  const x = randn([3, 4], { requiresGrad: true })
  const y = x.tanh()
  const labels = y.argmax(1)
  await setBackend('wasm')
  expect(backend()).toBe('wasm')
  expect(y.sub(x.tanh()).abs().sum().item()).toBeLessThan(1e-5)
  expect(y.toArray()).toHaveLength(3)
  y.sum().backward() // a graph from there is walked here
  expect(x.grad?.size).toBe(12)
  expect([...labels.data].every((label) => label >= 0 && label < 4)).toBe(true)
  await setBackend('webgpu')
  const [moved] = await x.tanh().sub(y).abs().sum().read()
  expect(moved).toBeLessThan(1e-5)
})

it('begins with a new device after the old one was lost; what came from the host is still there', async () => {
  const { gpu } = await loadWebGpu()
  const [given, made] = [tensor([1, -2]), tensor([1, -2]).relu()]
  gpu.device.destroy()
  await gpu.device.lost
  expect(() => given.relu()).toThrow(/^relu: the GPU was lost/)
  await expect(made.read()).rejects.toThrow(/^relu \[2\]: the GPU was lost/)
  await setBackend('webgpu')
  expect([...(await given.relu().read())]).toEqual([1, 0])
  expect(() => made.neg()).toThrow(/^relu: the GPU was lost/)
  expect(String(made)).toContain('not at hand')
  const layer = new nn.Linear(2, 1)
  F.mseLoss(layer.forward(given.reshape(1, 2)), tensor([[1]])).backward()
  expect((await layer.weight.grad?.read())?.every(Number.isFinite)).toBe(true)
})
