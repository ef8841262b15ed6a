import type { Pair } from '../reference/convolution.ts'
import { F, type Tensor } from '../tensor/index.ts'
import { pairOf, type Size } from '../tensor/window.ts'
import { forgetful } from './chain.ts'
import { expectChannels } from './convolution.ts'
import { Module, type Parameter } from './module.ts'
import { uniformFan } from './uniform-fan.ts'

export interface ConvTranspose2dOptions extends F.ConvTranspose2dOptions {
  /** The window: a number, or [down, across]. */
  kernelSize: Size
  /** Default true. */
  bias?: boolean
}

/** As F.convTranspose2d        x: [N, in, V, U] -> y: [N, out, H, W];  weight: [in, out / groups, ...kernelSize], bias: [out] */
export class ConvTranspose2d extends Module {
  readonly weight: Parameter
  readonly bias: Parameter | null
  readonly inChannels: number
  readonly outChannels: number
  readonly kernelSize: Pair
  readonly stride: Pair
  readonly padding: Pair
  readonly outputPadding: Pair
  readonly dilation: Pair
  readonly groups: number

  constructor(inChannels: number, outChannels: number, options: ConvTranspose2dOptions) {
    super()
    const { kernelSize, stride = 1, padding = 0, outputPadding = 0, dilation = 1, groups = 1, bias = true } = options ?? {}
    expectChannels('ConvTranspose2d', inChannels, outChannels, groups)
    this.inChannels = inChannels
    this.outChannels = outChannels
    this.kernelSize = pairOf('ConvTranspose2d', 'kernelSize', kernelSize, 1)
    this.stride = pairOf('ConvTranspose2d', 'stride', stride, 1)
    this.padding = pairOf('ConvTranspose2d', 'padding', padding, 0)
    this.outputPadding = pairOf('ConvTranspose2d', 'outputPadding', outputPadding, 0)
    this.dilation = pairOf('ConvTranspose2d', 'dilation', dilation, 1)
    this.groups = groups
    const [i, j] = this.kernelSize
    const filters = outChannels / groups
    this.weight = uniformFan([inChannels, filters, i, j], filters * i * j) // PyTorch counts the fan on the second axis here too
    this.bias = bias ? uniformFan([outChannels], filters * i * j) : null
  }

  forward(x: Tensor): Tensor {
    return F.convTranspose2d(x, this.weight, this.bias, this)
  }
}

forgetful(ConvTranspose2d)
