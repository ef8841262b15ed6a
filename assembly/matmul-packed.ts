/**
 * The matrix product by a matrix B that many products share, packed once: the weights of a recurrence, which pass through every step, or those of a layer that
 * many calls find unchanged. The tiles, the blocks and the order of summation are those of `matmul.ts`.
 */

import { beat } from './heartbeat'
import { blockDepth, copyTile, LONG, MC, multiplyBlocks, NC, packedBytes, SPARE } from './matmul'
import { packA, packAcross, packB } from './matmul-pack'
import { NR, READS_ROWS } from './matmul-tile'
import { madd } from './simd'

/** Bytes of a float32. */
const F: usize = 4
/** Up to so many rows pass through the panels one by one, since a tile would waste half of its rows: measured. */
const FEW_ROWS: i32 = 2

/** Columns of whole panels that hold n columns. */
@inline
function panelColumns(n: i32): i32 {
  return (n + NR - 1) / NR * NR
}

/** Bytes that op(B), [k, n], takes when packed. */
export function packedMatrixBytes(n: i32, k: i32): usize {
  return <usize>(panelColumns(n) * k) * F
}

/** Packs op(B), [k, n], into panels [k, 8]; stored [k, n], or [n, k] if transB. */
export function packMatrix(to: usize, b: usize, transB: bool, n: i32, k: i32): void {
  packB(to, b, <usize>(transB ? k : n) * F, transB, n, k)
}

/** The same for a B stored [n, k], n a multiple of 8, where it lies: eight rows take as much room as a panel.        scratch: [8, k] */
export function packInPlace(b: usize, n: i32, k: i32, scratch: usize): void {
  const line = <usize>k * F
  for (let j = 0; j < n; j += NR, b += NR * line) {
    packAcross(scratch, b, line, NR, NR, k)
    memory.copy(b, scratch, NR * line)
  }
}

/** Bytes of scratch that `multiplyPacked` needs. */
export function multiplyPackedScratch(m: i32, k: i32): usize {
  return SPARE + packedBytes(m, k, MC)
}

/** C = S + A · op(B), S as for `product`, with B from `packMatrix`; rows of C are ldc numbers apart.        A: [m, k], C: [m, n] */
export function multiplyPacked(a: usize, packed: usize, start: usize, lds: i32, c: usize, ldc: i32, m: i32, n: i32, k: i32, scratch: usize): void {
  const packedA = scratch + SPARE
  const lineA = <usize>k * F
  const lineC = <usize>ldc * F
  const lineS = <usize>lds * F
  if (m <= FEW_ROWS) {
    for (let i = 0; i < m; i++) {
      const row = c + <usize>i * lineC
      if (start && start != c) memory.copy(row, start + <usize>i * lineS, <usize>n * F)
      multiplyRow(a + <usize>i * lineA, packed, row, start != 0, n, k, scratch)
    }
    return
  }
  const step = <usize>k * F * NR // from panel to panel
  const depth = blockDepth(k)
  for (let p = 0; p < k; p += depth) {
    const kc = min(depth, k - p)
    for (let i = 0; i < m; i += MC) {
      const mc = min(MC, m - i)
      const blockA = a + <usize>i * lineA + <usize>p * F
      packA(packedA, blockA, lineA, false, mc, kc, READS_ROWS)
      for (let j = 0; j < n; j += NC) {
        const blockB = packed + step * <usize>(j / NR) + <usize>(p * NR) * F
        const at = c + <usize>i * lineC + <usize>j * F
        const startAt = p > 0 ? at : start ? start + <usize>i * lineS + <usize>j * F : 0
        multiplyBlocks(packedA, blockA, READS_ROWS ? lineA : 0, F, blockB, step, startAt, p > 0 ? lineC : lineS, F, at, lineC, F, mc, min(NC, n - j), kc, scratch)
      }
    }
  }
}

/** c[n] (+)= a[k] · B: four panels at a time, so that eight chains of sums hide the latency of one. */
function multiplyRow(a: usize, packed: usize, c: usize, add: bool, n: i32, k: i32, spare: usize): void {
  const panel = <usize>k * F * NR
  let j = 0
  for (; j + 4 * NR <= n; j += 4 * NR, packed += 4 * panel, c += 4 * NR * F) rowOf4(a, packed, panel, c, add)
  for (; j + NR <= n; j += NR, packed += panel, c += NR * F) rowOf1(a, packed, panel, c, add)
  if (j < n) {
    if (add) copyTile(spare, 0, F, c, 0, F, 1, n - j)
    rowOf1(a, packed, panel, spare, add)
    copyTile(c, 0, F, spare, 0, F, 1, n - j)
  }
  if (n * k > LONG) beat()
}

/** c[32] (+)= a[k] · four panels [k, 8], `panel` bytes each. */
function rowOf4(a: usize, b: usize, panel: usize, c: usize, add: bool): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0
  if (add) {
    s0 = v128.load(c)
    s1 = v128.load(c, 16)
    s2 = v128.load(c, 32)
    s3 = v128.load(c, 48)
    s4 = v128.load(c, 64)
    s5 = v128.load(c, 80)
    s6 = v128.load(c, 96)
    s7 = v128.load(c, 112)
  }
  const end = b + panel
  let b1 = end, b2 = b1 + panel, b3 = b2 + panel
  for (; b < end; a += F, b += NR * F, b1 += NR * F, b2 += NR * F, b3 += NR * F) {
    const x = v128.load32_splat(a)
    s0 = madd(x, v128.load(b), s0)
    s1 = madd(x, v128.load(b, 16), s1)
    s2 = madd(x, v128.load(b1), s2)
    s3 = madd(x, v128.load(b1, 16), s3)
    s4 = madd(x, v128.load(b2), s4)
    s5 = madd(x, v128.load(b2, 16), s5)
    s6 = madd(x, v128.load(b3), s6)
    s7 = madd(x, v128.load(b3, 16), s7)
  }
  v128.store(c, s0)
  v128.store(c, s1, 16)
  v128.store(c, s2, 32)
  v128.store(c, s3, 48)
  v128.store(c, s4, 64)
  v128.store(c, s5, 80)
  v128.store(c, s6, 96)
  v128.store(c, s7, 112)
}

/** c[8] (+)= a[k] · a panel [k, 8] of `panel` bytes. */
function rowOf1(a: usize, b: usize, panel: usize, c: usize, add: bool): void {
  let s0 = f32x4.splat(0), s1 = s0
  if (add) {
    s0 = v128.load(c)
    s1 = v128.load(c, 16)
  }
  for (const end = b + panel; b < end; a += F, b += NR * F) {
    const x = v128.load32_splat(a)
    s0 = madd(x, v128.load(b), s0)
    s1 = madd(x, v128.load(b, 16), s1)
  }
  v128.store(c, s0)
  v128.store(c, s1, 16)
}
