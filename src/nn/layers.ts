import { expect } from '../errors.ts'
import type { Activation } from '../reference/activation.ts'
import { F, type Tensor } from '../tensor/index.ts'
import { chain, forgetful, takeActivation } from './chain.ts'
import { Module, type Parameter } from './module.ts'
import { uniformFan } from './uniform-fan.ts'

export interface LinearOptions {
  /** Default true. */
  bias?: boolean
}

/** y = x · wᵀ + b        x: [..., in] -> y: [..., out];  weight: [out, in], bias: [out] */
export class Linear extends Module {
  readonly weight: Parameter
  readonly bias: Parameter | null
  readonly inFeatures: number
  readonly outFeatures: number

  constructor(inFeatures: number, outFeatures: number, { bias = true }: LinearOptions = {}) {
    super()
    for (const [name, n] of Object.entries({ inFeatures, outFeatures })) {
      expect(Number.isInteger(n) && n > 0, 'Linear', () => `${name} must be an integer above 0, got ${n}`)
    }
    this.inFeatures = inFeatures
    this.outFeatures = outFeatures
    this.weight = uniformFan([outFeatures, inFeatures], inFeatures)
    this.bias = bias ? uniformFan([outFeatures], inFeatures) : null
  }

  /** With an activation, f(x · wᵀ + b) at once: so a Sequential computes this layer and the activation behind it. */
  forward(x: Tensor, activation?: Activation): Tensor {
    return F.linear(x, this.weight, this.bias, { activation })
  }
}

/** Layers one after the other: each takes what the one before it gives. */
export class Sequential extends Module {
  readonly #layers: Module[]

  constructor(...layers: Module[]) {
    super()
    for (const [i, layer] of layers.entries()) {
      expect(layer instanceof Module, 'Sequential', () => `layer ${i} must be a Module, got ${layer === null ? 'null' : typeof layer}`)
    }
    this.#layers = layers
  }

  override *namedChildren(): Generator<[string, Module]> {
    for (const [i, layer] of this.#layers.entries()) yield [String(i), layer]
  }

  forward(x: Tensor): Tensor {
    return chain(this.#layers, x)
  }
}

/** Axes startDim..endDim as one; by default all but the first.        [N, ...] -> [N, ·] */
export class Flatten extends Module {
  readonly startDim: number
  readonly endDim: number

  constructor(startDim = 1, endDim = -1) {
    super()
    this.startDim = startDim
    this.endDim = endDim
  }

  forward(x: Tensor): Tensor {
    return x.flatten(this.startDim, this.endDim)
  }
}

/** In training sets each element to 0 with probability p and scales the rest by 1 / (1 - p). */
export class Dropout extends Module {
  readonly p: number

  constructor(p = 0.5) {
    super()
    expect(p >= 0 && p <= 1, 'Dropout', () => `p must lie between 0 and 1, got ${p}`)
    this.p = p
  }

  forward(x: Tensor): Tensor {
    return F.dropout(x, { p: this.p, training: this.training })
  }
}

forgetful(Linear, Flatten, Dropout)
takeActivation(Linear)
