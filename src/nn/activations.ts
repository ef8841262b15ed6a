import type { Tensor } from '../tensor/index.ts'
import { forgetful, isActivation } from './chain.ts'
import { Module } from './module.ts'

/** y = max(0, x) */
export class ReLU extends Module {
  forward(x: Tensor): Tensor {
    return x.relu()
  }
}

/** y = x where x > 0, else negativeSlope · x */
export class LeakyReLU extends Module {
  readonly negativeSlope: number

  constructor(negativeSlope = 0.01) {
    super()
    this.negativeSlope = negativeSlope
  }

  forward(x: Tensor): Tensor {
    return x.leakyRelu({ negativeSlope: this.negativeSlope })
  }
}

/** y = 1 / (1 + e^-x) */
export class Sigmoid extends Module {
  forward(x: Tensor): Tensor {
    return x.sigmoid()
  }
}

/** y = tanh x */
export class Tanh extends Module {
  forward(x: Tensor): Tensor {
    return x.tanh()
  }
}

/** y = x · Φ(x) */
export class GELU extends Module {
  forward(x: Tensor): Tensor {
    return x.gelu()
  }
}

/** Positive numbers that sum to 1 along dim. */
export class Softmax extends Module {
  readonly dim: number

  constructor(dim = -1) {
    super()
    this.dim = dim
  }

  forward(x: Tensor): Tensor {
    return x.softmax(this.dim)
  }
}

forgetful(ReLU, LeakyReLU, Sigmoid, Tanh, GELU, Softmax)
isActivation(ReLU, 'relu')
isActivation(Sigmoid, 'sigmoid')
isActivation(Tanh, 'tanh')
