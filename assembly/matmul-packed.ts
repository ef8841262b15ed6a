/**
 * The matrix product by a matrix B that many products share, packed once: the weights of a recurrence pass through every step. The tiles, the blocks
 * and the order of summation are those of `matmul.ts`.
 */

import { blockDepth, MC, multiplyBlocks, packedBytes, SPARE } from './matmul'
import { packA, packB } from './matmul-pack'
import { NR } from './matmul-tile'

/** Bytes of a float32. */
const F: usize = 4

/** Columns of whole panels that hold n columns. */
@inline
function panelColumns(n: i32): i32 {
  return (n + NR - 1) / NR * NR
}

/** Bytes that op(B), [k, n], takes when packed. */
export function packedMatrixBytes(n: i32, k: i32): usize {
  return <usize>(panelColumns(n) * k) * F
}

/** Packs op(B), [k, n]; stored [k, n], or [n, k] if transB. */
export function packMatrix(to: usize, b: usize, transB: bool, n: i32, k: i32): void {
  const line = <usize>(transB ? k : n) * F
  const depth = blockDepth(k)
  for (let p = 0; p < k; p += depth) {
    const kc = min(depth, k - p)
    packB(to, b + (transB ? <usize>p * F : <usize>p * line), line, transB, n, kc)
    to += <usize>(panelColumns(n) * kc) * F
  }
}

/** Bytes of scratch that `multiplyPacked` needs. */
export function multiplyPackedScratch(m: i32, k: i32): usize {
  return SPARE + packedBytes(m, k, MC)
}

/** C = A · op(B), or C += A · op(B), with B from `packMatrix`        A: [m, k], C: [m, n] */
export function multiplyPacked(a: usize, packed: usize, c: usize, accumulate: bool, m: i32, n: i32, k: i32, scratch: usize): void {
  const packedA = scratch + SPARE
  const lineA = <usize>k * F
  const lineC = <usize>n * F
  const depth = blockDepth(k)
  for (let p = 0; p < k; p += depth) {
    const kc = min(depth, k - p)
    for (let i = 0; i < m; i += MC) {
      const mc = min(MC, m - i)
      packA(packedA, a + <usize>i * lineA + <usize>p * F, lineA, false, mc, kc)
      multiplyBlocks(packedA, packed, c + <usize>i * lineC, lineC, accumulate || p > 0, mc, n, kc, scratch)
    }
    packed += <usize>(panelColumns(n) * kc) * F
  }
}
