import type { Kernels } from '../kernels.ts'
import type { GpuArray } from './array.ts'
import { requestDevice } from './device.ts'
import { Gpu, type GpuOptions } from './gpu.ts'
import { activation } from './kernels/activation.ts'
import { adadelta } from './kernels/adadelta.ts'
import { adagrad } from './kernels/adagrad.ts'
import { adam } from './kernels/adam.ts'
import { adamw } from './kernels/adamw.ts'
import { arithmetic } from './kernels/arithmetic.ts'
import { attention } from './kernels/attention.ts'
import { batchNorm } from './kernels/batch-norm.ts'
import { cast } from './kernels/cast.ts'
import { check } from './kernels/check.ts'
import { convolution } from './kernels/convolution.ts'
import { crossEntropy } from './kernels/cross-entropy.ts'
import { elementwise } from './kernels/elementwise.ts'
import { gather } from './kernels/gather.ts'
import { gru } from './kernels/gru.ts'
import { layerNorm } from './kernels/layer-norm.ts'
import { linear } from './kernels/linear.ts'
import { lstm } from './kernels/lstm.ts'
import { matmul } from './kernels/matmul.ts'
import { arrays } from './kernels/memory.ts'
import { nadam } from './kernels/nadam.ts'
import { pooling } from './kernels/pooling.ts'
import { reduction } from './kernels/reduction.ts'
import { rmsprop } from './kernels/rmsprop.ts'
import { rnn } from './kernels/rnn.ts'
import { sgd } from './kernels/sgd.ts'
import { softmax } from './kernels/softmax.ts'
import { strided } from './kernels/strided.ts'

/** The kernels on a device. Estimators compute on the host. */
export function kernelsOn(gpu: Gpu): Kernels<GpuArray> {
  const memory = arrays(gpu)
  const linears = linear(gpu)
  const reductions = reduction(gpu)
  return {
    ...memory,
    ...activation(gpu),
    ...adadelta(gpu),
    ...adagrad(gpu),
    ...adam(gpu),
    ...adamw(gpu),
    ...arithmetic(gpu),
    ...attention(gpu),
    ...batchNorm(gpu),
    ...cast(gpu),
    ...check(gpu),
    ...convolution(gpu),
    ...crossEntropy(gpu),
    ...elementwise(gpu),
    ...gather(gpu),
    ...gru(gpu, linears),
    ...layerNorm(gpu),
    ...linears,
    ...lstm(gpu, linears),
    ...matmul(gpu),
    ...nadam(gpu),
    ...pooling(gpu),
    ...rmsprop(gpu),
    ...rnn(gpu, linears),
    ...sgd(gpu),
    ...softmax(gpu),
    ...strided(gpu, memory, reductions),
    ...reductions,
  }
}

export interface WebGpuOptions extends GpuOptions {
  /** A device that the page has already, instead of one of its own. */
  device?: GPUDevice
}

export interface WebGpu {
  readonly gpu: Gpu
  readonly kernels: Kernels<GpuArray>
}

/** The backend on a device of its own, or on the one that is handed in. GRADUS_DEBUG=1 in the environment is the option debug. */
export async function createWebGpu({ device, debug = isDebugging(), ...options }: WebGpuOptions = {}): Promise<WebGpu> {
  const gpu = new Gpu(device ?? (await requestDevice()), { debug, ...options })
  return { gpu, kernels: kernelsOn(gpu) }
}

const isDebugging = (): boolean => typeof process !== 'undefined' && process.env?.GRADUS_DEBUG === '1'

let shared: Promise<WebGpu & { options: WebGpuOptions }> | null = null

/** The backend that all tensors share: a new one where its device is lost, or where other options are given. */
export function loadWebGpu(options: WebGpuOptions = {}): Promise<WebGpu> {
  const before = shared
  shared = (async () => {
    const known = await before?.catch(() => null)
    return known && !known.gpu.isLost && isWithin(options, known.options) ? known : { ...(await createWebGpu(options)), options }
  })()
  return shared
}

/** The options given are those that it has. */
const isWithin = (options: WebGpuOptions, others: WebGpuOptions): boolean =>
  (Object.keys(options) as (keyof WebGpuOptions)[]).every((name) => options[name] === undefined || options[name] === others[name])
