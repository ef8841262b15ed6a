import type { LeakyReluOptions } from '../reference/activation.ts'
import type { DType, Shape } from '../reference/array.ts'
import type { ClampOptions } from '../reference/elementwise.ts'
import { copyInPlace, updateInPlace } from './in-place.ts'
import { arithmetic, compare, where } from './ops/arithmetic.ts'
import { convertTo } from './ops/convert.ts'
import * as elementwise from './ops/elementwise.ts'
import * as gathering from './ops/gather.ts'
import { clone, tril } from './ops/join.ts'
import { matmul } from './ops/matmul.ts'
import * as reduction from './ops/reduction.ts'
import { logSoftmax, softmax } from './ops/softmax.ts'
import * as views from './ops/view.ts'
import { type BackwardOptions, backward } from './tape.ts'
import { Tensor } from './tensor.ts'

type Operand = Tensor | number
type Dim = number | readonly number[]
/** reshape(2, 3) and reshape([2, 3]) say the same. */
type Lengths = number[] | [Shape]

/** What a tensor can do. Binary operations broadcast and take numbers; reductions without `dim` run over all axes. */
export interface TensorMethods {
  /** Adds the gradient of this tensor of one element to the `grad` of every leaf that it was computed from. */
  backward(options?: BackwardOptions): void
  /** The same numbers in the same memory, without the graph. */
  detach(): Tensor
  clone(): Tensor
  /** The same numbers in another dtype; gradients flow between float dtypes. */
  to(dtype: DType): Tensor

  add(other: Operand): Tensor
  sub(other: Operand): Tensor
  mul(other: Operand): Tensor
  div(other: Operand): Tensor
  maximum(other: Operand): Tensor
  minimum(other: Operand): Tensor
  /** Comparisons give masks: 1 where they hold, else 0. */
  eq(other: Operand): Tensor
  gt(other: Operand): Tensor
  lt(other: Operand): Tensor
  neg(): Tensor
  pow(exponent: number): Tensor
  matmul(other: Tensor): Tensor

  exp(): Tensor
  log(): Tensor
  sqrt(): Tensor
  abs(): Tensor
  sin(): Tensor
  cos(): Tensor
  tanh(): Tensor
  sigmoid(): Tensor
  relu(): Tensor
  leakyRelu(options?: Partial<LeakyReluOptions>): Tensor
  gelu(): Tensor
  clamp(options: Partial<ClampOptions>): Tensor
  softmax(dim: number): Tensor
  logSoftmax(dim: number): Tensor

  sum(dim?: Dim, options?: reduction.ReduceOptions): Tensor
  mean(dim?: Dim, options?: reduction.ReduceOptions): Tensor
  variance(dim?: Dim, options?: reduction.VarianceOptions): Tensor
  /** The square root of the variance. */
  std(dim?: Dim, options?: reduction.VarianceOptions): Tensor
  norm(dim?: Dim, options?: reduction.ReduceOptions): Tensor
  cumsum(dim: number): Tensor
  argmax(dim?: number, options?: reduction.ReduceOptions): Tensor
  argmin(dim?: number, options?: reduction.ReduceOptions): Tensor
  /** The greatest of all elements; equal ones share the gradient. */
  max(): Tensor
  /** The greatest along dim, and its place. */
  max(dim: number, options?: reduction.ReduceOptions): reduction.ValuesAndIndices
  /** The least of all elements; equal ones share the gradient. */
  min(): Tensor
  /** The least along dim, and its place. */
  min(dim: number, options?: reduction.ReduceOptions): reduction.ValuesAndIndices
  sort(options?: gathering.SortOptions): reduction.ValuesAndIndices
  topk(k: number, options?: gathering.TopkOptions): reduction.ValuesAndIndices
  gather(dim: number, index: Tensor): Tensor

  reshape(...shape: Lengths): Tensor
  view(...shape: Lengths): Tensor
  expand(...shape: Lengths): Tensor
  permute(...dims: Lengths): Tensor
  transpose(dim0: number, dim1: number): Tensor
  t(): Tensor
  flatten(startDim?: number, endDim?: number): Tensor
  squeeze(dim?: number): Tensor
  unsqueeze(dim: number): Tensor
  /** Elements start to end (not included) along `dim`, default 0. */
  slice(start?: number, end?: number, options?: views.SliceOptions): Tensor
  select(dim: number, index: number): Tensor
  chunk(chunks: number, dim?: number): Tensor[]
  split(size: Dim, dim?: number): Tensor[]
  /** `value` where the mask is not 0. */
  maskedFill(mask: Tensor, value: number): Tensor
  tril(diagonal?: number): Tensor

  /** In place, under `noGrad` where a gradient is needed. */
  copy_(source: Operand): Tensor
  add_(other: Operand): Tensor
  sub_(other: Operand): Tensor
  mul_(other: Operand): Tensor
  zero_(): Tensor
}

declare module './tensor.ts' {
  interface Tensor extends TensorMethods {}
}

function lengths(values: Lengths): Shape {
  const [first] = values
  return typeof first === 'object' ? first : (values as number[])
}

function max(this: Tensor): Tensor
function max(this: Tensor, dim: number, options?: reduction.ReduceOptions): reduction.ValuesAndIndices
function max(this: Tensor, dim?: number, options?: reduction.ReduceOptions): Tensor | reduction.ValuesAndIndices {
  return dim === undefined ? reduction.extremeOfAll(reduction.argmax, this) : reduction.extreme(reduction.argmax, this, dim, options)
}

function min(this: Tensor): Tensor
function min(this: Tensor, dim: number, options?: reduction.ReduceOptions): reduction.ValuesAndIndices
function min(this: Tensor, dim?: number, options?: reduction.ReduceOptions): Tensor | reduction.ValuesAndIndices {
  return dim === undefined ? reduction.extremeOfAll(reduction.argmin, this) : reduction.extreme(reduction.argmin, this, dim, options)
}

const methods: TensorMethods & ThisType<Tensor> = {
  max,
  min,
  backward(options) {
    backward(this, options)
  },
  detach() {
    return views.detach(this)
  },
  clone() {
    return clone(this)
  },
  to(dtype) {
    return convertTo(this, dtype)
  },
  add(other) {
    return arithmetic('add', this, other)
  },
  sub(other) {
    return arithmetic('sub', this, other)
  },
  mul(other) {
    return arithmetic('mul', this, other)
  },
  div(other) {
    return arithmetic('div', this, other)
  },
  maximum(other) {
    return arithmetic('maximum', this, other)
  },
  minimum(other) {
    return arithmetic('minimum', this, other)
  },
  eq(other) {
    return compare('eq', this, other)
  },
  gt(other) {
    return compare('gt', this, other)
  },
  lt(other) {
    return compare('lt', this, other)
  },
  matmul(other) {
    return matmul(this, other)
  },
  neg() {
    return elementwise.neg(this)
  },
  exp() {
    return elementwise.exp(this)
  },
  log() {
    return elementwise.log(this)
  },
  sqrt() {
    return elementwise.sqrt(this)
  },
  abs() {
    return elementwise.abs(this)
  },
  sin() {
    return elementwise.sin(this)
  },
  cos() {
    return elementwise.cos(this)
  },
  tanh() {
    return elementwise.tanh(this)
  },
  sigmoid() {
    return elementwise.sigmoid(this)
  },
  relu() {
    return elementwise.relu(this)
  },
  gelu() {
    return elementwise.gelu(this)
  },
  pow(exponent) {
    return elementwise.pow(this, exponent)
  },
  leakyRelu(options) {
    return elementwise.leakyRelu(this, options)
  },
  clamp(options) {
    return elementwise.clamp(this, options)
  },
  softmax(dim) {
    return softmax(this, dim)
  },
  logSoftmax(dim) {
    return logSoftmax(this, dim)
  },
  sum(dim, options) {
    return reduction.sum(this, dim, options)
  },
  mean(dim, options) {
    return reduction.mean(this, dim, options)
  },
  variance(dim, options) {
    return reduction.variance(this, dim, options)
  },
  norm(dim, options) {
    return reduction.norm(this, dim, options)
  },
  argmax(dim, options) {
    return reduction.argmax(this, dim, options)
  },
  argmin(dim, options) {
    return reduction.argmin(this, dim, options)
  },
  std(dim, options) {
    return reduction.variance(this, dim, options).sqrt()
  },
  cumsum(dim) {
    return reduction.cumsum(this, dim)
  },
  sort(options) {
    return gathering.sort(this, options)
  },
  topk(k, options) {
    return gathering.topk(this, k, options)
  },
  gather(dim, index) {
    return gathering.gather(this, dim, index)
  },
  reshape(...shape) {
    return views.reshape(this, lengths(shape))
  },
  view(...shape) {
    return views.viewAs(this, lengths(shape))
  },
  expand(...shape) {
    return views.expand(this, lengths(shape))
  },
  permute(...dims) {
    return views.permute(this, lengths(dims))
  },
  transpose(dim0, dim1) {
    return views.transpose(this, dim0, dim1)
  },
  t() {
    return views.t(this)
  },
  flatten(startDim, endDim) {
    return views.flatten(this, startDim, endDim)
  },
  squeeze(dim) {
    return views.squeeze(this, dim)
  },
  unsqueeze(dim) {
    return views.unsqueeze(this, dim)
  },
  slice(start, end, options) {
    return views.slice(this, start, end, options)
  },
  select(dim, index) {
    return views.select(this, dim, index)
  },
  chunk(chunks, dim) {
    return views.chunk(this, chunks, dim)
  },
  split(size, dim) {
    return views.split(this, size, dim)
  },
  maskedFill(mask, value) {
    return where(mask, value, this)
  },
  tril(diagonal) {
    return tril(this, diagonal)
  },
  copy_(source) {
    return copyInPlace(this, source)
  },
  add_(other) {
    return updateInPlace('add', this, other)
  },
  sub_(other) {
    return updateInPlace('sub', this, other)
  },
  mul_(other) {
    return updateInPlace('mul', this, other)
  },
  zero_() {
    return copyInPlace(this, 0)
  },
}

Object.assign(Tensor.prototype, methods)
