import type { Activation } from '../reference/activation.ts'
import type { Storage } from '../tensor/storage.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { Module } from './module.ts'

const forwards = new WeakSet<Module['forward']>()

/** The forward passes of these layers hand their input on and remember neither it nor what they give. One that overrides its forward pass is not meant. */
export function forgetful(...layers: readonly { readonly prototype: Module }[]): void {
  for (const { prototype } of layers) forwards.add(prototype.forward)
}

/** A layer whose forward pass can apply the activation that follows it, in the same kernel. */
interface Activating extends Module {
  forward(x: Tensor, activation?: Activation): Tensor
}

const activating = new Set<Module['forward']>()
const activations = new Map<Module['forward'] | undefined, Activation>()

/** The forward passes of these layers take an activation. */
export function takeActivation(...layers: readonly { readonly prototype: Activating }[]): void {
  for (const { prototype } of layers) activating.add(prototype.forward)
}

/** The forward pass of this layer is that activation. */
export function isActivation(layer: { readonly prototype: Module }, activation: Activation): void {
  activations.set(layer.prototype.forward, activation)
}

/**
 * Layers one after the other. A layer and the activation behind it are one kernel, where both are the library's own: if anyone has overridden one of their forward passes, or
 * looks at what it gives, they stay two.
 *
 * What stands between two of them that remember nothing, and is not needed for gradients, nobody else can know: its memory is free as soon
 * as the next result is there. Without this, an evaluation would leave every feature map to be kept until the collector comes.
 */
export function chain(layers: readonly Module[], x: Tensor): Tensor {
  let own: Storage | null = null // of the latest x, where nobody else knows it
  for (let i = 0; i < layers.length; i++) {
    const layer: Activating = layers[i]
    const isForgetful = forwards.has(layer.forward)
    const activation = activating.has(layer.forward) ? activations.get(layers.at(i + 1)?.forward) : undefined
    const y = activation ? layer.forward(x, activation) : layer.forward(x)
    if (activation) i++
    const isNew = y.storage !== x.storage
    if (isNew && own !== null && isForgetful && !y.requiresGrad) own.release()
    if (isNew || !isForgetful) own = isNew && isForgetful && !y.requiresGrad ? y.storage : null
    x = y
  }
  return x
}
