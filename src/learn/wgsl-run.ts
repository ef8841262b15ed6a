import { readFileSync } from 'node:fs'
import { reason } from '../node.ts'
import { requestDevice } from '../webgpu/device.ts'
import { USAGE } from '../webgpu/pool.ts'
import { Lacking } from './failure.ts'
import { shortPath } from './paths.ts'
import { functionsOf } from './source.ts'

/** What a function of a lesson in WGSL returns: a kernel that makes a matrix C of two matrices A and B. */
export interface Kernel {
  /** So many rows and columns of C are one workgroup's: as many workgroups are started as cover C. */
  readonly tile: number
  /** What stands in front: the bindings, and what all kernels of the lesson share. */
  readonly head: string
  /** The kernel itself: its entry point is `main`. */
  readonly main: string
}

/** What lies behind every array: who computes from beyond an end gets NaN, and who writes there is found out by what he writes over. */
const PAD = 64
export const UNTOUCHED = 12345

let device: Promise<GPUDevice> | undefined

/** The device of this process, or a new one where the last was lost. Where there is none, the error says what is missing. */
export function lessonDevice(): Promise<GPUDevice> {
  device ??= requestDevice().then(
    (found) => {
      found.lost.then(() => {
        device = undefined
      })
      return found
    },
    (error) => {
      throw new Lacking(reason(error))
    },
  )
  return device
}

/** A kernel that is compiled, and how many elements of C its workgroups have. */
interface Pipeline {
  readonly pipeline: GPUComputePipeline
  readonly layout: GPUBindGroupLayout
  readonly tile: number
}

export interface Compiled extends Pipeline {
  readonly device: GPUDevice
}

/** What WGSL or the device refuses. */
class WgslError extends Error {
  override name = 'WGSL'
  override stack = undefined // the place is in the text of the kernel, not in the code that has it compiled
}

/** Compiles a kernel. An error says what WGSL does not allow, and in which line of the file. */
export async function compile(device: GPUDevice, fn: () => Kernel, file: string | undefined): Promise<Compiled> {
  const { tile, head, main } = expectKernel(fn.name, fn())
  device.pushErrorScope('validation') // what is wrong is asked for below
  const module = device.createShaderModule({ code: `${head}\n${main}` })
  const { messages } = await module.getCompilationInfo()
  await device.popErrorScope()
  const error = messages.find(({ type }) => type === 'error')
  if (error !== undefined) {
    const line = error.lineNum - head.split('\n').length
    throw new WgslError(`${error.message.split('\n')[0]}   (${placeOf(fn.name, main, line, file)})`)
  }
  const binding = (type: GPUBufferBindingType, i: number) => ({ binding: i, visibility: 4, buffer: { type } }) // 4: compute
  const types: GPUBufferBindingType[] = ['uniform', 'read-only-storage', 'read-only-storage', 'storage']
  const layout = device.createBindGroupLayout({ entries: types.map(binding) })
  const pipelineLayout = device.createPipelineLayout({ bindGroupLayouts: [layout] })
  try {
    const pipeline = await device.createComputePipelineAsync({ layout: pipelineLayout, compute: { module, entryPoint: 'main' } })
    return { device, pipeline, layout, tile }
  } catch (refused) {
    throw new WgslError(reason(refused).split('\n')[0])
  }
}

function expectKernel(name: string, made: Partial<Kernel> | undefined): Kernel {
  const { tile, head, main } = made ?? {}
  if (tile === undefined || head === undefined || main === undefined)
    throw new WgslError(`${name} returned no kernel: return kernel(tile, text)`)
  return { tile, head, main }
}

/** Where a line of a kernel stands: in the file, or, where the text is put together there, the line itself. */
function placeOf(name: string, main: string, line: number, file: string | undefined): string {
  const text = file === undefined ? '' : readFileSync(file, 'utf8')
  const start = functionsOf(text).find((f) => f.name === name)?.line ?? 1
  const from = text.split('\n', start - 1).join('\n').length
  const at = text.indexOf(main, from)
  const own = main.split('\n')[line - 1]?.trim() ?? ''
  if (file === undefined || at < 0) return own
  return `${shortPath(file)}:${text.slice(0, at).split('\n').length - 1 + line}: ${own}`
}

interface Matrices {
  readonly a: Float32Array
  readonly b: Float32Array
  readonly m: number
  readonly n: number
  readonly k: number
}

interface Operands {
  readonly group: GPUBindGroup
  readonly buffers: readonly GPUBuffer[]
  readonly c: GPUBuffer
  readonly m: number
  readonly n: number
}

/** The matrices on the device, with what lies behind them; C is NaN, until it is written. */
export function operands(device: GPUDevice, layout: GPUBindGroupLayout, { a, b, m, n, k }: Matrices): Operands {
  const { uniform, storage, copySource } = USAGE
  const upload = (numbers: Float32Array | Uint32Array, usage: number) => {
    const buffer = device.createBuffer({ size: numbers.byteLength, usage, mappedAtCreation: true })
    new Uint8Array(buffer.getMappedRange()).set(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength))
    buffer.unmap()
    return buffer
  }
  const c = padded(new Float32Array(m * n).fill(Number.NaN), UNTOUCHED)
  const buffers = [
    upload(Uint32Array.of(m, n, k, 0), uniform),
    upload(padded(a, Number.NaN), storage),
    upload(padded(b, Number.NaN), storage),
    upload(c, storage | copySource),
  ]
  const group = device.createBindGroup({ layout, entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })) })
  return { group, buffers, c: buffers[3], m, n }
}

function padded(numbers: Float32Array, pad: number): Float32Array {
  const result = new Float32Array(numbers.length + PAD).fill(pad)
  result.set(numbers)
  return result
}

/** Runs a kernel on its operands, so many times. */
export function submit(device: GPUDevice, { pipeline, tile }: Pipeline, { group, m, n }: Operands, times = 1): void {
  const encoder = device.createCommandEncoder()
  const pass = encoder.beginComputePass()
  pass.setPipeline(pipeline)
  pass.setBindGroup(0, group)
  for (let i = 0; i < times; i++) pass.dispatchWorkgroups(Math.ceil(n / tile), Math.ceil(m / tile))
  pass.end()
  device.queue.submit([encoder.finish()])
}

/** The numbers of a buffer, when all that was submitted is done. */
export async function download(device: GPUDevice, from: GPUBuffer): Promise<Float32Array> {
  const { mapRead, copyTarget } = USAGE
  const to = device.createBuffer({ size: from.size, usage: mapRead | copyTarget })
  const encoder = device.createCommandEncoder()
  encoder.copyBufferToBuffer(from, 0, to, 0, from.size)
  device.queue.submit([encoder.finish()])
  try {
    await to.mapAsync(1) // read
  } catch (error) {
    throw new Error(`the GPU stopped (${reason(error)}): a loop without end?`)
  }
  const numbers = new Float32Array(to.getMappedRange().slice(0))
  to.destroy()
  return numbers
}
