/**
 * Updates of all parameters in one call. The table, which `src/wasm/kernels/update.ts` writes, has a row for each:
 *
 *     where its bytes begin, all parameters counted one behind the other from multiples of 16; then the addresses of its w, its dw and what is kept for it (0: none)
 *
 * and one more, whose beginning is the end of all. A part goes from byte `from` to before byte `to` of that count, both multiples of 16, wherever parameters begin. So an
 * update loops over the rows with `startOf(row) < to`, and in each from `beginOf(row, from)` to `endOf(row, to)`: nowhere, where the part begins behind it.
 */

/** Bytes of a row: a beginning, and addresses of up to seven arrays. */
export const ROW: usize = 32

@inline
export function startOf(row: usize): usize {
  return load<u32>(row)
}

/** The address of one of its arrays: w is number 0, dw number 1. */
@inline
export function arrayOf(row: usize, number: usize): usize {
  return load<u32>(row + (number << 2), 4)
}

/** The first byte within its arrays that belongs to the part. */
@inline
export function beginOf(row: usize, from: usize): usize {
  const start = startOf(row)
  return max(from, start) - start
}

/** The byte within its arrays before which the part ends. */
@inline
export function endOf(row: usize, to: usize): usize {
  return min(to, startOf(row + ROW)) - startOf(row)
}
