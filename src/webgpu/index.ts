import { requestDevice } from './device.ts'
import { Gpu, type GpuOptions } from './gpu.ts'
import { activation } from './kernels/activation.ts'
import { cast } from './kernels/cast.ts'
import { check } from './kernels/check.ts'
import { elementwise } from './kernels/elementwise.ts'
import { gather } from './kernels/gather.ts'
import { arrays } from './kernels/memory.ts'
import { pooling } from './kernels/pooling.ts'
import { softmax } from './kernels/softmax.ts'

/** The kernels on a device. */
export function kernelsOn(gpu: Gpu) {
  return {
    ...activation(gpu),
    ...arrays(gpu),
    ...cast(gpu),
    ...check(gpu),
    ...elementwise(gpu),
    ...gather(gpu),
    ...pooling(gpu),
    ...softmax(gpu),
  }
}

export interface WebGpuOptions extends GpuOptions {
  /** A device that the page has already, instead of one of its own. */
  device?: GPUDevice
}

/** The backend on a device of its own, or on the one that is handed in. */
export async function createWebGpu({ device, ...options }: WebGpuOptions = {}) {
  const gpu = new Gpu(device ?? (await requestDevice()), options)
  return { gpu, kernels: kernelsOn(gpu) }
}
