import { expect } from '../errors.ts'
import type { Activation } from '../reference/activation.ts'
import type { Pair } from '../reference/convolution.ts'
import { F, type Tensor } from '../tensor/index.ts'
import { expectGroups } from '../tensor/ops/convolution.ts'
import { across, pairOf, type Size } from '../tensor/window.ts'
import { forgetful, takeActivation } from './chain.ts'
import { Module, type Parameter } from './module.ts'
import { uniformFan } from './uniform-fan.ts'

export interface Conv2dOptions extends F.WindowOptions {
  /** The window: a number, or [down, across]. */
  kernelSize: Size
  /** Default true. */
  bias?: boolean
}

/** As F.conv2d        x: [N, in, H, W] -> y: [N, out, V, U];  weight: [out, in / groups, ...kernelSize], bias: [out] */
export class Conv2d extends Module {
  readonly weight: Parameter
  readonly bias: Parameter | null
  readonly inChannels: number
  readonly outChannels: number
  readonly kernelSize: Pair
  readonly stride: Pair
  readonly padding: Pair
  readonly dilation: Pair
  readonly groups: number

  constructor(inChannels: number, outChannels: number, options: Conv2dOptions) {
    super()
    const { kernelSize, stride = 1, padding = 0, dilation = 1, groups = 1, bias = true } = options ?? {}
    expectChannels('Conv2d', inChannels, outChannels, groups)
    this.inChannels = inChannels
    this.outChannels = outChannels
    this.kernelSize = pairOf('Conv2d', 'kernelSize', kernelSize, 1)
    this.stride = pairOf('Conv2d', 'stride', stride, 1)
    this.padding = pairOf('Conv2d', 'padding', padding, 0)
    this.dilation = pairOf('Conv2d', 'dilation', dilation, 1)
    this.groups = groups
    const [i, j] = this.kernelSize
    const channels = inChannels / groups
    this.weight = uniformFan([outChannels, channels, i, j], channels * i * j)
    this.bias = bias ? uniformFan([outChannels], channels * i * j) : null
  }

  /** With an activation, it is applied in the same kernel, as F.conv2d does. */
  forward(x: Tensor, activation?: Activation): Tensor {
    return F.conv2d(x, this.weight, this.bias, { ...this, activation })
  }
}

export interface Conv1dOptions extends Omit<F.Conv1dOptions, 'activation'> {
  /** The length of the window. */
  kernelSize: number
  /** Default true. */
  bias?: boolean
}

/** As F.conv1d        x: [N, in, L] -> y: [N, out, U];  weight: [out, in / groups, kernelSize], bias: [out] */
export class Conv1d extends Module {
  readonly weight: Parameter
  readonly bias: Parameter | null
  readonly inChannels: number
  readonly outChannels: number
  readonly kernelSize: number
  readonly stride: number
  readonly padding: number
  readonly dilation: number
  readonly groups: number

  constructor(inChannels: number, outChannels: number, options: Conv1dOptions) {
    super()
    const { kernelSize, stride = 1, padding = 0, dilation = 1, groups = 1, bias = true } = options ?? {}
    expectChannels('Conv1d', inChannels, outChannels, groups)
    this.inChannels = inChannels
    this.outChannels = outChannels
    this.kernelSize = across('Conv1d', 'kernelSize', kernelSize, 1)
    this.stride = across('Conv1d', 'stride', stride, 1)
    this.padding = across('Conv1d', 'padding', padding, 0)
    this.dilation = across('Conv1d', 'dilation', dilation, 1)
    this.groups = groups
    const channels = inChannels / groups
    this.weight = uniformFan([outChannels, channels, kernelSize], channels * kernelSize)
    this.bias = bias ? uniformFan([outChannels], channels * kernelSize) : null
  }

  /** With an activation, it is applied in the same kernel, as F.conv1d does. */
  forward(x: Tensor, activation?: Activation): Tensor {
    return F.conv1d(x, this.weight, this.bias, { ...this, activation })
  }
}

/** Both are integers above 0 that groups divides. */
export function expectChannels(operation: string, inChannels: number, outChannels: number, groups: number): void {
  for (const [name, n] of Object.entries({ inChannels, outChannels })) {
    expect(Number.isInteger(n) && n > 0, operation, () => `${name} must be an integer above 0, got ${n}`)
  }
  expectGroups(operation, groups, { inChannels, outChannels })
}

forgetful(Conv1d, Conv2d)
takeActivation(Conv1d, Conv2d)
