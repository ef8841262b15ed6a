/** What goes wrong on a GPU: each is a clear error, and the engine goes on. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { eachSource, runEach } from '../src/webgpu/each.ts'
import { createWebGpu, type WebGpuOptions } from '../src/webgpu/index.ts'

async function create(options?: WebGpuOptions) {
  const { gpu, kernels } = await createWebGpu(options)
  const one = kernels.upload(Float32Array.of(1))
  const works = async () => {
    const sum = kernels.fill(one, 3, 7)
    expect([...(await kernels.read(sum, 'fill'))]).toEqual([7, 7, 7])
    kernels.release(sum)
  }
  return { gpu, kernels, one, works }
}

describe('a device that is lost', () => {
  it('says so wherever it is asked for', async () => {
    const { gpu, kernels, one } = await create()
    const made = kernels.fill(one, 3, 7)
    gpu.device.destroy()
    await gpu.device.lost
    const lost =
      /^fill: the GPU was lost \(.+\), and with it what had not been read; await setBackend\('webgpu'\) begins with a new device$/
    expect(gpu.isLost).toBe(true)
    expect(() => kernels.fill(one, 3, 7)).toThrow(lost)
    expect(() => kernels.download(made, 'fill')).toThrow(lost)
    await expect(kernels.read(made, 'fill')).rejects.toThrow(lost)
    expect([...(await kernels.read(one, 'tensor'))]).toEqual([1]) // the host has it still
    await kernels.leave()
  })

  it('says so also to whoever waits for numbers then', async () => {
    const { gpu, kernels, one } = await create()
    const reading = kernels.read(kernels.fill(one, 3, 7), 'fill')
    gpu.device.destroy()
    await expect(reading).rejects.toThrow(/^fill: the GPU was lost/)
  })
})

describe('memory that ends', () => {
  it('is an error of the operation where the stated limit is passed, at once, also in a loop that awaits nothing', async () => {
    const { kernels, one, works } = await create({ memory: 2 ** 24 })
    const held: unknown[] = []
    const endless = () => {
      for (;;) held.push(kernels.fill(one, 2 ** 20, 1))
    }
    expect(endless).toThrow(
      /^fill: out of memory: no room for 4\.0 MiB beside the .+ in use, of 16\.0 MiB allowed\. .*await t\.read\(\) now and then/,
    )
    expect(held.length).toBe(4)
    for (const x of held.splice(0)) kernels.release(x as never)
    await works()
  })

  it('is an error of the next read where the device has no more; what was computed before is right', async ({ skip }) => {
    const { gpu, kernels, one, works } = await create()
    if (!gpu.device.adapterInfo.isFallbackAdapter) skip('a GPU may have room for it')
    const before = kernels.fill(one, 3, 5)
    await works()
    const { createBuffer } = gpu.device
    gpu.device.createBuffer = (descriptor) => createBuffer.call(gpu.device, { ...descriptor, size: gpu.device.limits.maxBufferSize }) // more than it has
    const big = kernels.fill(one, 2 ** 20, 1)
    gpu.device.createBuffer = createBuffer
    const after = kernels.copy(big)
    await expect(kernels.read(after, 'copy')).rejects.toThrow(
      /^webgpu: out of memory: the device has no room for 4\.0 MiB beside the .+ in use: /,
    )
    await works()
    expect([...(await kernels.read(before, 'fill'))]).toEqual([5, 5, 5])
    await expect(kernels.read(big, 'fill')).rejects.toThrow(/^fill: its numbers are lost, since the device failed: out of memory/)
    await expect(kernels.read(after, 'copy')).rejects.toThrow(/^copy: its numbers are lost/)
    for (const x of [big, after]) kernels.release(x)
    const again = kernels.fill(one, 2 ** 20, 2) // not in the buffer that came to nothing
    expect((await kernels.read(again, 'fill')).every((value) => value === 2)).toBe(true)
  })

  it('is an error at once for an array that no buffer of this adapter holds', async () => {
    const { gpu, kernels, one, works } = await create()
    const n = gpu.device.limits.maxStorageBufferBindingSize / 4 + 1
    expect(() => kernels.fill(one, n, 1)).toThrow(new RegExp(`^fill: an array of ${n} numbers takes .+; this adapter binds .+ at most$`))
    await works()
  })
})

describe('a kernel that the device refuses', () => {
  const broken = eachSource('broken', {
    reads: { x: 'f32' },
    writes: { y: 'f32' },
    params: { factor: 'f32' },
    body: 'y[i] = nonsense(x[i]);',
  })

  it.each([
    [true, /^webgpu: broken \{"factor":2,"n":3\}: /],
    [false, /nonsense/],
  ])('is reported by the next read; with debug %s: %s', async (debug, message) => {
    const { gpu, kernels, works } = await create({ debug })
    const x = kernels.upload(Float32Array.of(1, 2, 3))
    const y = gpu.allocate('broken', 'float32', 3)
    runEach(gpu, broken, 3, { x, y }, { factor: 2 })
    await expect(kernels.read(y, 'broken')).rejects.toThrow(message)
    await works()
  })
})

describe('numbers that are not as they must be', () => {
  const law = { operation: 'loss', expected: 'labels must be integers from 0 to 4', min: 0, max: 4, isIntegral: true }

  it('are named by the next read, whatever is read, once', async () => {
    const { kernels, one, works } = await create()
    const labels = kernels.fill(one, 5, 9)
    kernels.check(labels, law)
    const other = kernels.fill(one, 2, 1)
    await expect(kernels.read(other, 'fill')).rejects.toThrow(/^loss: labels must be integers from 0 to 4, got 9 at place [0-4]$/)
    expect([...(await kernels.read(other, 'fill'))]).toEqual([1, 1])
    await works()
  })

  it('are named at once where the host has them', async () => {
    const { kernels } = await create()
    expect(() => kernels.check(kernels.upload(Float32Array.of(0, 1.5)), law)).toThrow(
      'loss: labels must be integers from 0 to 4, got 1.5 at place 1',
    )
  })
})

describe('a program in Node', () => {
  const index = new URL('../src/index.ts', import.meta.url).href

  /** Runs a program; its last words and how it ended. */
  async function run(program: string, env: NodeJS.ProcessEnv = {}): Promise<{ code: number; out: string; err: string }> {
    const folder = await mkdtemp(join(tmpdir(), 'gradus-gpu-'))
    const file = join(folder, 'program.mts')
    await writeFile(file, `import { setBackend, tensor } from '${index}'\n${program}`)
    const options = { env: { XDG_RUNTIME_DIR: folder, ...process.env, ...env } } // without such a folder, Vulkan complains by itself
    try {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', file], options)
      return { code: 0, out: stdout, err: stderr }
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
      return { code, out: stdout, err: stderr }
    } finally {
      await rm(folder, { recursive: true })
    }
  }

  it('ends when its work is done', async () => {
    const { code, out, err } = await run(`await setBackend('webgpu'); console.log(tensor([1, 2]), await tensor([1, 2]).clone().read())`)
    expect(err).toBe('')
    expect(out).toBe('[1, 2]  [2] float32 Float32Array(2) [ 1, 2 ]\n')
    expect(code).toBe(0)
  })

  it('is told in one sentence that there is no adapter, and fails', async () => {
    const { code, err } = await run(`await setBackend('webgpu')`, { VK_ICD_FILENAMES: '/nowhere.json', VK_DRIVER_FILES: '/nowhere.json' })
    expect(err).toMatch(
      /GradusError: webgpu: no adapter was found: this machine has no GPU that WebGPU can use, or its driver .+ is missing\./,
    )
    expect(code).not.toBe(0)
  })

  it('goes on on another backend where there is none, if it wants to', async () => {
    const program = `await setBackend('webgpu').catch(({ name }) => console.log(name)); console.log(tensor([2]).mul(2).item())`
    const { code, out } = await run(program, { VK_ICD_FILENAMES: '/nowhere.json', VK_DRIVER_FILES: '/nowhere.json' })
    expect(out).toBe('GradusError\n4\n')
    expect(code).toBe(0)
  })
})
