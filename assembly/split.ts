/** The best split of a tree's node: `src/reference/split.ts`. All sums are float64 and run in the same order as there. */

import { log2 } from './functions'

/** Codes of the criteria, as src/wasm/kernels/split.ts passes them. */
const ENTROPY: i32 = 1
const MSE: i32 = 2

/** Gains that differ by less than this share of the node's impurity are ties. */
const TIE: f64 = 1e-10
/** Up to so many samples, insertion sorts faster than counting bytes. */
const FEW: usize = 48
/** Bytes of a count for each value of each byte of a key. */
const COUNTS: usize = 4 * 256 * 4

/** Bytes of scratch: two lists of m entries, a weight and a share of y per sample, sums per class of the node and of its left part, counts. */
export function bestSplitScratch(m: usize, classes: usize): usize {
  return ((4 * m + 2 * classes) << 3) + COUNTS
}

/**
 * The split x_feature <= threshold that lowers the impurity most
 *
 *     x: [F, N], y, weights: [N], samples: [M], features: [F] -> best: [feature, threshold, gain]
 */
export function bestSplit(
  x: usize, y: usize, weights: usize, samples: usize, features: usize, best: usize,
  criterion: i32, n: usize, m: usize, f: usize, classes: usize, minSamplesLeaf: usize, maxFeatures: usize, scratch: usize,
): void {
  const entries = scratch
  const spare = entries + (m << 3)
  const w = spare + (m << 3)
  const share = w + (m << 3)
  const node = share + (m << 3)
  const left = node + (classes << 3)
  const counts = left + (classes << 3)

  const weight = lookAt(y, weights, samples, w, share, criterion, m)
  memory.fill(node, 0, classes << 3)
  for (let j: usize = 0; j < m; j++) add(node, w, share, criterion, j)
  const whole = purity(node, weight, criterion, classes)
  let squares: f64 = 0
  if (criterion == MSE) for (let j: usize = 0; j < m; j++) squares += square(load<f64>(share + (j << 3))) / load<f64>(w + (j << 3))
  else if (criterion != ENTROPY) squares = weight
  const tie = TIE * max<f64>(0, (squares - whole) / weight)

  let bestGain: f64 = -Infinity
  let bestFeature: i32 = -1
  let below: f32 = 0
  let above: f32 = 0
  for (let tried: usize = 0; m > 1 && tried < f && (tried < maxFeatures || bestFeature < 0); tried++) {
    const feature = load<i32>(features + (tried << 2))
    if (!gatherEntries(x + ((<usize>feature * n) << 2), samples, entries, m)) continue
    const sorted = sort(entries, spare, counts, m)
    memory.fill(left, 0, classes << 3)
    let leftWeight: f64 = 0
    for (let j: usize = 0; j + 1 < m; j++) {
      const entry = load<u64>(sorted + (j << 3))
      const at = <usize>(entry & 0xffffffff)
      leftWeight += load<f64>(w + (at << 3))
      add(left, w, share, criterion, at)
      const next = load<u32>(sorted + (j << 3), 12)
      if (<u32>(entry >> 32) == next || j + 1 < minSamplesLeaf || m - j - 1 < minSamplesLeaf) continue
      const gain = (purities(left, node, leftWeight, weight, criterion, classes) - whole) / weight
      if (gain <= bestGain + tie) continue
      bestGain = gain
      bestFeature = feature
      below = valueOf(<u32>(entry >> 32))
      above = valueOf(next)
    }
  }
  const middle = <f32>(<f64>below / 2 + <f64>above / 2)
  store<f32>(best, <f32>bestFeature)
  store<f32>(best, middle < above ? middle : below, 4) // the middle of neighbouring numbers may round to the upper one
  store<f32>(best, <f32>max<f64>(0, bestGain), 8)
}

@inline
function square(a: f64): f64 {
  return a * a
}

/** Copies the samples' weights, and what each adds to its part: its class, or with mse its weighted deviation from the mean. Gives the whole weight. */
function lookAt(y: usize, weights: usize, samples: usize, w: usize, share: usize, criterion: i32, m: usize): f64 {
  let weight: f64 = 0
  let mean: f64 = 0
  for (let j: usize = 0; j < m; j++) {
    const i = <usize>load<i32>(samples + (j << 2)) << 2
    const wi = <f64>load<f32>(weights + i)
    store<f64>(w + (j << 3), wi)
    weight += wi
    if (criterion == MSE) mean += wi * <f64>load<f32>(y + i)
    else store<i32>(share + (j << 3), load<i32>(y + i))
  }
  if (criterion != MSE) return weight
  mean /= weight
  for (let j: usize = 0; j < m; j++) {
    const i = <usize>load<i32>(samples + (j << 2)) << 2
    store<f64>(share + (j << 3), load<f64>(w + (j << 3)) * (<f64>load<f32>(y + i) - mean))
  }
  return weight
}

/** A sample joins a part. */
@inline
function add(sums: usize, w: usize, share: usize, criterion: i32, j: usize): void {
  if (criterion == MSE) {
    store<f64>(sums, load<f64>(sums) + load<f64>(share + (j << 3)))
  } else {
    const sum = sums + (<usize>load<i32>(share + (j << 3)) << 3)
    store<f64>(sum, load<f64>(sum) + load<f64>(w + (j << 3)))
  }
}

/** Σ_c s_c² / W, or Σ_c s_c · log2(s_c / W) */
function purity(sums: usize, weight: f64, criterion: i32, classes: usize): f64 {
  let total: f64 = 0
  for (let c: usize = 0; c < classes; c++) {
    const s = load<f64>(sums + (c << 3))
    if (criterion != ENTROPY) total += s * s / weight
    else if (s > 0) total += s * f64x2.extract_lane(log2(f64x2.splat(s / weight)), 0)
  }
  return total
}

/** The purity of the left part and of the rest of the node, together: one in each lane. */
function purities(left: usize, node: usize, leftWeight: f64, weight: f64, criterion: i32, classes: usize): f64 {
  const both = f64x2.replace_lane(f64x2.splat(leftWeight), 1, weight - leftWeight)
  let total = f64x2.splat(0)
  for (let c: usize = 0; c < classes; c++) {
    const l = load<f64>(left + (c << 3))
    const s = f64x2.replace_lane(f64x2.splat(l), 1, load<f64>(node + (c << 3)) - l)
    if (criterion != ENTROPY) {
      total = f64x2.add(total, f64x2.mul(s, s))
    } else {
      const term = f64x2.mul(s, log2(f64x2.div(s, both)))
      total = f64x2.add(total, v128.and(term, f64x2.gt(s, f64x2.splat(0))))
    }
  }
  if (criterion != ENTROPY) total = f64x2.div(total, both)
  return f64x2.extract_lane(total, 0) + f64x2.extract_lane(total, 1)
}

/** An entry is a key, which orders as the value does, above the place of its sample in the node. False if all values are the same. */
function gatherEntries(column: usize, samples: usize, entries: usize, m: usize): bool {
  const first = keyOf(load<f32>(column + (<usize>load<i32>(samples) << 2)))
  let others: u32 = 0
  for (let j: usize = 0; j < m; j++) {
    const key = keyOf(load<f32>(column + (<usize>load<i32>(samples + (j << 2)) << 2)))
    others |= key ^ first
    store<u64>(entries + (j << 3), (<u64>key << 32) | j)
  }
  return others != 0
}

/** The bits of a float32 number, changed so that they order as unsigned integers; -0 is 0. */
@inline
function keyOf(value: f32): u32 {
  const bits = reinterpret<u32>(value + 0)
  return bits ^ (<u32>(<i32>bits >> 31) | 0x80000000)
}

@inline
function valueOf(key: u32): f32 {
  return reinterpret<f32>(key ^ (key >> 31 ? 0x80000000 : 0xffffffff))
}

/** Puts m entries in order, equal keys as they came; gives where they lie, in `a` or in `b`. By counting bytes, the lowest first: the time grows as m. */
function sort(a: usize, b: usize, counts: usize, m: usize): usize {
  if (m <= FEW) {
    insertionSort(a, m)
    return a
  }
  memory.fill(counts, 0, COUNTS)
  const end = a + (m << 3)
  for (let p = a; p < end; p += 8) {
    const key = load<u32>(p, 4)
    for (let byte: u32 = 0; byte < 4; byte++) {
      const count = counts + (byte << 10) + (((key >> (byte << 3)) & 255) << 2)
      store<u32>(count, load<u32>(count) + 1)
    }
  }
  for (let byte: u32 = 0; byte < 4; byte++) {
    const count = counts + (byte << 10)
    const shift = byte << 3
    if (load<u32>(count + (((load<u32>(a, 4) >> shift) & 255) << 2)) == <u32>m) continue // all keys have this byte in common
    let start: u32 = 0
    for (let p = count; p < count + 1024; p += 4) {
      const size = load<u32>(p)
      store<u32>(p, start)
      start += size
    }
    for (let p = a; p < a + (m << 3); p += 8) {
      const place = count + (((load<u32>(p, 4) >> shift) & 255) << 2)
      const to = load<u32>(place)
      store<u32>(place, to + 1)
      store<u64>(b + (<usize>to << 3), load<u64>(p))
    }
    const other = a
    a = b
    b = other
  }
  return a
}

function insertionSort(a: usize, m: usize): void {
  for (let j: usize = 1; j < m; j++) {
    const entry = load<u64>(a + (j << 3))
    let at = j
    for (; at > 0 && load<u64>(a + ((at - 1) << 3)) > entry; at--) store<u64>(a + (at << 3), load<u64>(a + ((at - 1) << 3)))
    store<u64>(a + (at << 3), entry)
  }
}
