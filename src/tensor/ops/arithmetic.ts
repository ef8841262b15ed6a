import { expect } from '../../errors.ts'
import { type ArithmeticKernels, type BroadcastOptions, broadcastShape } from '../../reference/arithmetic.ts'
import { type Shape, showShape } from '../../reference/array.ts'
import { type Backend, type BackendArray, expectSameDType } from '../backend.ts'
import { full } from '../creation.ts'
import { apply, define, type Operation } from '../operation.ts'
import { Tensor } from '../tensor.ts'
import { sumArrayTo, sumTo } from './reduction.ts'
import { byNumber, isScalarName } from './scalar.ts'
import { expand } from './view.ts'

/** A gradient in the common shape, summed over what was repeated; the array it came from was ours alone. */
function reduce(k: Backend, fresh: BackendArray, from: Shape, to: Shape): BackendArray {
  const sum = sumArrayTo(k, fresh, from, to)
  if (sum !== fresh) k.release(fresh)
  return sum
}

const add = define<BroadcastOptions>({
  name: 'add',
  forward: (k, [a, b], o) => k.add(a, b, o),
  backward: (k, dy, { needs, shapes: [a, b], shape }) => [
    needs[0] ? sumArrayTo(k, dy, shape, a) : null, // da = dy
    needs[1] ? sumArrayTo(k, dy, shape, b) : null, // db = dy
  ],
  composite: (dy, { shapes: [a, b] }) => [sumTo(dy, a), sumTo(dy, b)],
})

const sub = define<BroadcastOptions>({
  name: 'sub',
  forward: (k, [a, b], o) => k.sub(a, b, o),
  consumes: (needs) => !needs[0],
  backward: (k, dy, { needs, shapes: [a, b], shape }) => [
    needs[0] ? sumArrayTo(k, dy, shape, a) : null, // da = dy
    needs[1] ? reduce(k, k.neg(dy), shape, b) : null, // db = -dy
  ],
  composite: (dy, { shapes: [a, b] }) => [sumTo(dy, a), sumTo(dy.neg(), b)],
})

const mul = define<BroadcastOptions>({
  name: 'mul',
  saves: 'x',
  forward: (k, [a, b], o) => k.mul(a, b, o),
  consumes: (needs) => !(needs[0] && needs[1]),
  backward: (k, dy, { x: [a, b], needs, shapes, shape }) => [
    needs[0] ? reduce(k, k.mul(dy, b, { a: shape, b: shapes[1] }), shape, shapes[0]) : null, // da = dy · b
    needs[1] ? reduce(k, k.mul(dy, a, { a: shape, b: shapes[0] }), shape, shapes[1]) : null, // db = dy · a
  ],
  composite: (dy, { x: [a, b] }) => [sumTo(dy.mul(b), a.shape), sumTo(dy.mul(a), b.shape)],
})

const div = define<BroadcastOptions>({
  name: 'div',
  saves: 'xy',
  forward: (k, [a, b], o) => k.div(a, b, o),
  consumes: () => true,
  backward: (k, dy, { x: [, b], y, needs, shapes, shape }) => {
    const da = k.div(dy, b, { a: shape, b: shapes[1] }) // da = dy / b
    const db = () => {
      const product = k.mul(da, y, { a: shape, b: shape })
      const negative = k.neg(product) // db = -dy · y / b
      k.release(product)
      return reduce(k, negative, shape, shapes[1])
    }
    const db_ = needs[1] ? db() : null
    if (needs[0]) return [reduce(k, da, shape, shapes[0]), db_]
    k.release(da)
    return [null, db_]
  },
  composite: (dy, { x: [a, b], y }) => [sumTo(dy.div(b), a.shape), sumTo(dy.mul(y).div(b).neg(), b.shape)],
})

/** Maximum and minimum send dy to the chosen operand, half to each where they are equal. */
function choice(name: 'maximum' | 'minimum', chosen: 'gt' | 'lt'): Operation<BroadcastOptions> {
  return define<BroadcastOptions>({
    name,
    saves: 'x',
    forward: (k, [a, b], o) => k[name](a, b, o),
    backward: (k, dy, { x: [a, b], needs, shapes: [sa, sb], shape }) => {
      const part = (p: BackendArray, q: BackendArray, sp: Shape, sq: Shape) => {
        const better = k[chosen](p, q, { a: sp, b: sq })
        const equal = k.eq(p, q, { a: sp, b: sq })
        const half = k.fill(dy, 1, 0.5)
        const halves = k.mul(equal, half, { a: shape, b: [] })
        const weight = k.add(better, halves, { a: shape, b: shape })
        const dp = k.mul(dy, weight, { a: shape, b: shape })
        for (const used of [better, equal, half, halves, weight]) k.release(used)
        return reduce(k, dp, shape, sp)
      }
      return [needs[0] ? part(a, b, sa, sb) : null, needs[1] ? part(b, a, sb, sa) : null]
    },
    composite: (dy, { x: [a, b] }) => {
      const part = (p: Tensor, q: Tensor) => sumTo(dy.mul(p[chosen](q).add(p.eq(q).mul(0.5))), p.shape)
      return [part(a, b), part(b, a)]
    },
  })
}

/** Comparisons give masks, which have no gradient. */
const comparison = (name: 'eq' | 'gt' | 'lt') => define<BroadcastOptions>({ name, forward: (k, [a, b], o) => k[name](a, b, o) })

const binary = { add, sub, mul, div, maximum: choice('maximum', 'gt'), minimum: choice('minimum', 'lt') }
const comparisons = { eq: comparison('eq'), gt: comparison('gt'), lt: comparison('lt') }

export type BinaryName = keyof typeof binary & keyof ArithmeticKernels<unknown>
export type ComparisonName = keyof typeof comparisons

function common(name: string, a: Tensor, b: Tensor): number[] {
  const shape = broadcastShape(a.shape, b.shape)
  expect(
    shape !== null,
    name,
    () =>
      `shapes ${showShape(a.shape)} and ${showShape(b.shape)} do not broadcast: from the right, each pair of lengths must be equal or one of them 1`,
  )
  return shape
}

/** A number as a tensor of the other operand's dtype. */
export function operand(name: string, value: Tensor | number, like: Tensor): Tensor {
  if (value instanceof Tensor) return value
  expectNumber(name, value, like)
  return full([], value, { dtype: like.dtype })
}

function expectNumber(name: string, value: number, like: Tensor): void {
  expect(typeof value === 'number', name, () => `expected a Tensor or a number, got ${value === null ? 'null' : typeof value}`)
  expect(
    like.dtype !== 'int32' || Number.isInteger(value),
    name,
    () => `cannot use ${value} with an int32 tensor; convert it with .to('float32')`,
  )
}

/** a ∘ b with broadcasting; both of one dtype. Division needs floats. */
export function arithmetic(name: BinaryName, a: Tensor, other: Tensor | number): Tensor {
  expect(name !== 'div' || a.dtype !== 'int32', 'div', () => "expected float tensors, got int32; convert them with .to('float32')")
  if (typeof other === 'number' && isScalarName(name)) {
    expectNumber(name, other, a)
    return byNumber(name, a, other)
  }
  const b = operand(name, other, a)
  expectSameDType(name, a.dtype, b.dtype)
  return apply(binary[name], [a, b], common(name, a, b), { a: a.shape, b: b.shape })
}

/** 1 where the comparison holds, else 0, in the float dtype of the operands (float32 for int32). int32 and floats compare by value. */
export function compare(name: ComparisonName, a: Tensor, other: Tensor | number): Tensor {
  const b = typeof other === 'number' && a.dtype === 'int32' ? full([], other) : operand(name, other, a)
  const float = a.dtype === 'int32' ? (b.dtype === 'int32' ? 'float32' : b.dtype) : a.dtype
  expect(b.dtype === 'int32' || b.dtype === float, name, () => `operands differ in dtype: ${a.dtype} and ${b.dtype}`)
  const shape = common(name, a, b)
  return apply(comparisons[name], [a.to(float), b.to(float)], shape, { a: a.shape, b: b.shape })
}

const whereOperation = define<null>({
  name: 'where',
  saves: 'x',
  forward: (k, [mask, a, b]) => k.where(mask, a, b),
  backward: (k, dy, { x: [mask], needs, shape }) => {
    const zeros = k.fill(
      dy,
      shape.reduce((p, n) => p * n, 1),
      0,
    )
    const da = needs[1] ? k.where(mask, dy, zeros) : null
    const db = needs[2] ? k.where(mask, zeros, dy) : null
    k.release(zeros)
    return [null, da, db]
  },
  composite: (dy, { x: [mask] }) => [null, where(mask, dy, 0), where(mask, full([], 0, { dtype: dy.dtype }), dy)],
})

/** a where mask is not 0, else b; all three broadcast. */
export function where(mask: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
  const like = a instanceof Tensor ? a : b instanceof Tensor ? b : mask
  const [x, y] = [operand('where', a, like), operand('where', b, like)]
  expectSameDType('where', x.dtype, y.dtype)
  const shape = common('where', expand(mask, common('where', mask, x)), y)
  return apply(whereOperation, [expand(mask.to(x.dtype), shape), expand(x, shape), expand(y, shape)], shape, null)
}
