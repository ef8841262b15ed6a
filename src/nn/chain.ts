import type { Storage } from '../tensor/storage.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { Module } from './module.ts'

const forwards = new WeakSet<Module['forward']>()

/** The forward passes of these layers hand their input on and remember neither it nor what they give. One that overrides its forward pass is not meant. */
export function forgetful(...layers: readonly { readonly prototype: Module }[]): void {
  for (const { prototype } of layers) forwards.add(prototype.forward)
}

/**
 * Layers one after the other. What stands between two of them that remember nothing, and is not needed for gradients, nobody else can know: its memory is free as soon
 * as the next result is there. Without this, an evaluation would leave every feature map to be kept until the collector comes.
 */
export function chain(layers: readonly Module[], x: Tensor): Tensor {
  let own: Storage | null = null // of the latest x, where nobody else knows it
  for (const layer of layers) {
    const isForgetful = forwards.has(layer.forward)
    const y = layer.forward(x)
    const isNew = y.storage !== x.storage
    if (isNew && own !== null && isForgetful && !y.requiresGrad) own.release()
    if (isNew || !isForgetful) own = isNew && isForgetful && !y.requiresGrad ? y.storage : null
    x = y
  }
  return x
}
