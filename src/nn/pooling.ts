import type { Pair } from '../reference/convolution.ts'
import { F, type Tensor } from '../tensor/index.ts'
import { pool2dSizes } from '../tensor/ops/pooling.ts'
import { forgetful } from './chain.ts'
import { Module } from './module.ts'

/** As F.maxPool2d        x: [N, C, H, W] -> y: [N, C, V, U] */
export class MaxPool2d extends Module {
  readonly kernelSize: Pair
  readonly stride: Pair
  readonly padding: Pair

  /** kernelSize, stride (default kernelSize), padding (default 0). */
  constructor(options: F.Pool2dOptions) {
    super()
    const { window, stride, padding } = pool2dSizes('MaxPool2d', options)
    this.kernelSize = window
    this.stride = stride
    this.padding = padding
  }

  forward(x: Tensor): Tensor {
    return F.maxPool2d(x, this)
  }
}

/** As F.avgPool2d        x: [N, C, H, W] -> y: [N, C, V, U] */
export class AvgPool2d extends Module {
  readonly kernelSize: Pair
  readonly stride: Pair
  readonly padding: Pair
  readonly countIncludePad: boolean

  /** kernelSize, stride (default kernelSize), padding (default 0), countIncludePad (default true). */
  constructor(options: F.AvgPool2dOptions) {
    super()
    const { window, stride, padding } = pool2dSizes('AvgPool2d', options)
    this.kernelSize = window
    this.stride = stride
    this.padding = padding
    this.countIncludePad = options.countIncludePad ?? true
  }

  forward(x: Tensor): Tensor {
    return F.avgPool2d(x, this)
  }
}

forgetful(MaxPool2d, AvgPool2d)
