/**
 * A curve at count + 1 equal steps over the indices 0 to last (its own end may come earlier).
 *
 * More indices than steps: the mean of the finite values nearest to each step. Fewer: straight lines between neighbours.
 * NaN where nothing finite is near, and behind the end of the curve.          values: [n] -> [count + 1]
 */
export function resample(values: readonly number[], last: number, count: number): number[] {
  const stride = last / count // indices per step
  const out = Array.from({ length: count + 1 }, (_, step) => {
    const at = step * stride
    return stride > 1 ? meanBetween(values, at - stride / 2, at + stride / 2) : between(values, at)
  })
  // A value between two gaps has no line to lie on: it goes to the step nearest to it.
  if (stride > 0 && stride <= 1) {
    for (const [i, value] of values.entries()) {
      if (Number.isFinite(value) && !Number.isFinite(values[i - 1]) && !Number.isFinite(values[i + 1])) out[Math.round(i / stride)] = value
    }
  }
  return out
}

/** Mean of the finite values with an index in [from, to). */
function meanBetween(values: readonly number[], from: number, to: number): number {
  let mean = 0
  let count = 0
  for (let i = Math.max(0, Math.ceil(from)); i < Math.min(values.length, to); i++) {
    if (!Number.isFinite(values[i])) continue
    count++
    mean += values[i] / count - mean / count
  }
  return count === 0 ? Number.NaN : mean
}

/** Linear interpolation between the two nearest indices. */
function between(values: readonly number[], at: number): number {
  const left = Math.floor(at + 1e-9)
  const share = Math.max(0, at - left)
  if (share < 1e-9 || left >= values.length) return left < values.length ? values[left] : Number.NaN
  return left + 1 < values.length ? values[left] * (1 - share) + values[left + 1] * share : Number.NaN
}

/** A matrix in which each cell is the mean of the finite values of a block.   [R][C] -> [R / rows][C / columns], rounded up */
export function shrink(values: readonly (readonly number[])[], rows: number, columns: number): number[][] {
  return Array.from({ length: Math.ceil(values.length / rows) }, (_, r) => {
    const band = values.slice(r * rows, (r + 1) * rows)
    return Array.from({ length: Math.ceil(values[0].length / columns) }, (_, c) => {
      const block = band.flatMap((row) => row.slice(c * columns, (c + 1) * columns))
      return meanBetween(block, 0, block.length)
    })
  })
}
