/** Mistakes in the lesson cnn: its functions, but for what a learner may get wrong. */
import { F, type Tensor } from '../../../src/index.ts'
import type * as lesson from '../../solutions/cnn.ts'
import {
  type bilinear,
  type Grid,
  type Layer,
  type logits,
  maxPool,
  maxPoolBackward,
  mix,
  type parameterCount,
} from '../../solutions/cnn.ts'

export const make = (rows: number, columns: number, of: (h: number, k: number) => number): Grid =>
  Array.from({ length: rows }, (_, h) => Float64Array.from({ length: columns }, (_, k) => of(h, k)))
export const transposed = (x: Grid): Grid => make(x[0].length, x.length, (h, k) => x[k][h])
export const times = (x: Grid, factor: number): Grid => x.map((row) => row.map((value) => value * factor))
export const inner = (a: Grid, b: Grid) => a.reduce((sum, row, h) => sum + row.reduce((part, value, k) => part + value * b[h][k], 0), 0)
export const close = (a: number, b: number, by = 1e-9) => Math.abs(a - b) <= by * Math.max(1, Math.abs(a), Math.abs(b))
export const alike = (a: Grid, b: Grid) => a.length === b.length && a.every((row, h) => row.every((value, k) => close(value, b[h][k])))

/** A picture in another size, but for where its new pixels look and how they mix what they see. */
export function scaleBy(
  point: (v: number, size: number, old: number) => number,
  look: (x: Grid, h: number, k: number) => number = mixed,
): typeof bilinear {
  return (x, rows, columns) => make(rows, columns, (v, u) => look(x, point(v, rows, x.length), point(u, columns, x[0].length)))
}
export const within = (h: number, old: number) => Math.min(Math.max(h, 0), old - 1)
export const middle = (v: number, size: number, old: number) => within(((v + 0.5) * old) / size - 0.5, old)
export const at = (x: Grid, h: number, k: number) => x[within(h, x.length)][within(k, x[0].length)]
export function mixed(x: Grid, h: number, k: number): number {
  const [i, j] = [Math.floor(h), Math.floor(k)]
  return mix(mix(at(x, i, j), at(x, i, j + 1), k - j), mix(at(x, i + 1, j), at(x, i + 1, j + 1), k - j), h - i)
}

/** A pool that takes another number of each window. `places` are h · W + k, row by row. */
export function poolBy(
  choose: (values: number[]) => { value: number; place: number },
  stride = (s: number, _size: number) => s,
): typeof maxPool {
  return (x, size, s) => {
    const [V, U] = [x.length, x[0].length].map((n) => Math.floor((n - size) / s) + 1)
    const cells = Array.from({ length: V * U }, (_, cell) => {
      const [top, left] = [Math.floor(cell / U) * stride(s, size), (cell % U) * stride(s, size)]
      const places = Array.from({ length: size * size }, (_, i) => [top + Math.floor(i / size), left + (i % size)])
      const { value, place } = choose(places.map(([h, k]) => at(x, h, k)))
      const [h, k] = places[place]
      return { value, place: h * x[0].length + k }
    })
    const y = make(V, U, (v, u) => cells[v * U + u].value)
    return { y, at: y.map((_, v) => Int32Array.from({ length: U }, (_, u) => cells[v * U + u].place)) }
  }
}
export const greatest = (values: number[]) => values.indexOf(Math.max(...values))
/** The right numbers, with other places. */
export const placedBy =
  (place: (at: number, x: Grid, v: number, u: number, size: number, s: number) => number): typeof maxPool =>
  (x, size, s) => {
    const { y, at } = maxPool(x, size, s)
    return { y, at: at.map((row, v) => row.map((at_vu, u) => place(at_vu, x, v, u, size, s))) }
  }

/** What is sent back, but for where it goes and how it is put there. */
export function backBy(
  where: (place: number, rows: number, columns: number, v: number, u: number) => readonly [h: number, k: number],
  put: (old: number, dy: number) => number = (old, dy) => old + dy,
): typeof maxPoolBackward {
  return (dy, places, rows, columns) => {
    const dx = make(rows, columns, () => 0)
    for (const [v, row] of dy.entries()) {
      for (const [u, dy_vu] of row.entries()) {
        const [h, k] = where(places[v][u], rows, columns, v, u)
        if (h < rows && k < columns) dx[h][k] = put(dx[h][k], dy_vu)
      }
    }
    return dx
  }
}
export const there = (place: number, _: number, columns: number) => [Math.floor(place / columns), place % columns] as const
/** How often each place was the greatest. */
export const wins = (places: readonly Int32Array[], rows: number, columns: number): Grid =>
  maxPoolBackward(
    make(places.length, places[0].length, () => 1),
    places,
    rows,
    columns,
  )

/** Another count where something is learnt. */
export const countBy =
  (
    convolve: (o: number, c: number, k: number, shape: readonly number[]) => number,
    linear = (o: number, n: number) => o * (n + 1),
    others = (_: Layer) => 0,
  ): typeof parameterCount =>
  (layer, shape) => {
    if (layer.kind === 'convolve') return convolve(layer.channels, shape[0], layer.k, shape)
    return layer.kind === 'linear' ? linear(layer.features, shape[0]) : others(layer)
  }
export const ofWindows = (o: number, c: number, k: number) => o * (c * k * k + 1)

export const pool = (x: Tensor) => F.maxPool2d(x, { kernelSize: 2 })
/** The network, but for what stands between its layers. */
export function through(between: { first?: Step; second?: Step; flat?: Step; last?: Step }): typeof logits {
  const { first = (a) => pool(a.relu()), second = (b) => pool(b.relu()), flat = (b) => b.flatten(1), last = (z) => z } = between
  return (net, x) => last(net.fc.forward(flat(second(net.conv2.forward(first(net.conv1.forward(x)))))))
}
export type Step = (x: Tensor) => Tensor

export type Train = typeof lesson.trainEpoch
/** An epoch by other steps, and with another mean. */
export function epochBy(
  step: (loss: () => Tensor, optimizer: Parameters<Train>[1], place: number) => unknown,
  mean: (losses: number[], sizes: number[]) => number = weighted,
  loss = (z: Tensor, t: Tensor) => F.crossEntropy(z, t),
): Train {
  return async (model, optimizer, batches) => {
    const [losses, sizes]: number[][] = [[], []]
    for (const [x, t] of batches) {
      const before = loss(model.forward(x), t)
      const isLast = step(() => loss(model.forward(x), t), optimizer, losses.length)
      losses.push((await before.read())[0])
      sizes.push(t.size)
      if (isLast === true) break
    }
    return mean(losses, sizes)
  }
}
export const sum = (values: number[]) => values.reduce((a, b) => a + b, 0)
export const weighted = (losses: number[], sizes: number[]) => sum(losses.map((loss, i) => loss * sizes[i])) / sum(sizes)
export type Loss = () => Tensor
export type Optimizer = Parameters<Train>[1]
export const right = (loss: Loss, optimizer: Optimizer) => {
  optimizer.zeroGrad()
  loss().backward()
  optimizer.step()
}
