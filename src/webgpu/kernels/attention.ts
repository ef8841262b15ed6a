import type { AttentionKernels, AttentionOptions } from '../../reference/attention.ts'
import { exp, log, special } from '../functions.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import type { Source } from '../program.ts'
import { ROW_THREADS, rowReductions } from '../workgroup.ts'

/*
 * Scaled dot-product attention: `src/reference/attention.ts`. A workgroup has a block of rows, of queries or of keys, and lets blocks of the other side pass by, so
 * that of the scores [L, S] only one block is ever there (online softmax, Milakov & Gimelshein 2018; Rabe & Staats 2021; Dao et al., "FlashAttention", 2022).
 * Backward, the weights are computed again from ln Σ e^scores: once by the queries, for dq, and once by the keys, for dk and dv, so that no two threads add to one
 * number.
 */

/** Rows of a block. Eight threads share a row of its scores, four scores for each: those at part, part + 8, part + 16 and part + 24. */
const ROWS = 32
/** Where rows meet rows, so many numbers of each at a time, as vec4f, one of them unused: rows of nine lie in different banks. */
const DEPTH = 32
const STRIDE = DEPTH / 4 + 1
/** Columns of a result that a workgroup sums up. Of wider ones others have the rest, and compute the weights again. */
const COLUMNS = 64

type Matrix = 'q' | 'k' | 'v' | 'y' | 'dy' | 'dq' | 'dk' | 'dv'
const ofQueries = { rows: 'p.l', first: 'i0' }
const ofKeys = { rows: 'p.s', first: 'j0' }
const shapes: Readonly<Record<Matrix, { rows: string; first: string; width: string }>> = {
  q: { ...ofQueries, width: 'p.e' },
  dq: { ...ofQueries, width: 'p.e' },
  k: { ...ofKeys, width: 'p.e' },
  dk: { ...ofKeys, width: 'p.e' },
  v: { ...ofKeys, width: 'p.ev' },
  dv: { ...ofKeys, width: 'p.ev' },
  y: { ...ofQueries, width: 'p.ev' },
  dy: { ...ofQueries, width: 'p.ev' },
}

/** `load_q(head, row, d)`: four neighbours of a row, 0 beyond the matrix. */
const load = (x: Matrix) => `
fn load_${x}(head: u32, row: u32, d: u32) -> vec4f {
  let width = ${shapes[x].width};
  let at = (head * ${shapes[x].rows} + row) * width + d;
  let isRow = vec4<bool>(row < ${shapes[x].rows});
  return select(vec4f(), vec4f(${x}[at], ${x}[at + 1u], ${x}[at + 2u], ${x}[at + 3u]), isRow & (vec4u(d, d + 1u, d + 2u, d + 3u) < vec4u(width)));
}`

const store = (x: Matrix) => `
fn store_${x}(head: u32, row: u32, d: u32, four: vec4f) {
  let width = ${shapes[x].width};
  if (row >= ${shapes[x].rows}) { return; }
  for (var c = 0u; c < 4u && d + c < width; c++) { ${x}[(head * ${shapes[x].rows} + row) * width + d + c] = four[c]; }
}`

/** result[c] = a_row · b_(part + 8c), for the blocks of rows that begin at `first`. */
const rowsMeetRows = (result: string, a: Matrix, b: Matrix) => `
    var ${result} = vec4f();
    for (var d = 0u; d < ${shapes[a].width}; d += ${DEPTH}u) {
      workgroupBarrier();
      tile[row * ${STRIDE}u + part] = load_${a}(head, ${shapes[a].first} + row, d + 4u * part);
      tile[(${ROWS}u + row) * ${STRIDE}u + part] = load_${b}(head, ${shapes[b].first} + row, d + 4u * part);
      workgroupBarrier();
      for (var x = 0u; x < ${DEPTH / 4}u; x++) {
        let its = tile[row * ${STRIDE}u + x];
        let other = (${ROWS}u + part) * ${STRIDE}u + x;
        ${result} += vec4f(${[0, 8, 16, 24].map((c) => `dot(its, tile[other + ${c * STRIDE}u])`).join(', ')});
      }
    }`

/** sum_row += Σ_m weights_row,m · x_m, eight columns for each thread: four from 4 · part on and four from there + 32 on. All threads have written their weights. */
const addWeighted = (sum: string, x: Matrix) => `
    workgroupBarrier();
    for (var c = part; c < ${COLUMNS / 4}u; c += 8u) {
      tile[row * ${COLUMNS / 4}u + c] = load_${x}(head, ${shapes[x].first} + row, column + 4u * c);
    }
    workgroupBarrier();
    for (var m = 0u; m < ${ROWS}u; m++) {
      let weight = weights[row * ${ROWS + 1}u + m];
      ${sum}[0] += weight * tile[m * ${COLUMNS / 4}u + part];
      ${sum}[1] += weight * tile[m * ${COLUMNS / 4}u + part + 8u];
    }`

const storeSum = (sum: string, x: Matrix) => `
  store_${x}(head, ${shapes[x].first} + row, column + 4u * part, ${sum}[0]);
  store_${x}(head, ${shapes[x].first} + row, column + 4u * part + 32u, ${sum}[1]);`

const params = {
  n: 'u32',
  l: 'u32',
  s: 'u32',
  e: 'u32',
  ev: 'u32',
  isCausal: 'u32',
  isMasked: 'u32',
  maskRow: 'u32',
  tiles: 'u32',
  scale: 'f32',
} as const

const blocks = `${special}${exp}
var<workgroup> tile: array<vec4f, ${2 * ROWS * STRIDE}>;
var<workgroup> weights: array<f32, ${ROWS * (ROWS + 1)}>;

fn isVisible(i: u32, j: u32) -> bool { return i < p.l && j < p.s && (p.isCausal == 0u || j <= i); }
/** A score as it is after scaling and with the mask, whose row begins at maskAt. */
fn score(product: f32, maskAt: u32, j: u32) -> f32 {
  var x = product * p.scale;
  if (p.isMasked == 1u) { x += mask[maskAt + j]; }
  return x;
}`

/** Which block of the rows of which head, which of the tiles of columns, which row and which part of it. */
const places = (rows: string, first: string) => `
  let blocks = (${rows} + ${ROWS - 1}u) / ${ROWS}u;
  let head = group / (blocks * p.tiles);
  if (head >= p.n) { return; }
  let ${first} = group / p.tiles % blocks * ${ROWS}u;
  let column = group % p.tiles * ${COLUMNS}u;
  let row = local / 8u;
  let part = local % 8u;`

/** Queries i attend to no key behind this one. */
const lastKey = `select(p.s, min(p.s, i0 + ${ROWS}u), p.isCausal == 1u)`

const attentionSource: Source = {
  name: 'attention',
  reads: { q: 'f32', k: 'f32', v: 'f32', mask: 'f32', offsets: 'u32' },
  writes: { y: 'f32' },
  params,
  declarations: `${blocks}${log}
var<workgroup> ofRow: array<f32, 256>;
fn greater(a: f32, b: f32) -> f32 { return select(select(b, a, a > b), a, isNan(a)); }
${load('q')}${load('k')}${load('v')}${store('y')}`,
  main: `${places('p.l', 'i0')}
  let i = i0 + row;
  let maskAt = offsets[head] + i * p.maskRow;
  let keys = ${lastKey};
  var most = -infinity();
  var sum = 0.0;
  var mean = array<vec4f, 2>();
  for (var j0 = 0u; j0 < keys; j0 += ${ROWS}u) {
    ${rowsMeetRows('scores', 'q', 'k')}
    for (var c = 0u; c < 4u; c++) {
      let j = j0 + part + 8u * c;
      if (isVisible(i, j)) { scores[c] = score(scores[c], maskAt, j); } else { scores[c] = -infinity(); }
    }
    // what was summed so far shrinks as the maximum grows
    let before = most;
    ofRow[local] = greater(greater(scores[0], scores[1]), greater(scores[2], scores[3]));
    workgroupBarrier();
    for (var x = 0u; x < 8u; x++) { most = greater(most, ofRow[row * 8u + x]); }
    let base = select(most, 0.0, bitcast<u32>(most) == 0xff800000u); // a row of which all scores are -∞ has no maximum
    let shrink = exp_(before - base);
    sum *= shrink;
    mean[0] *= shrink;
    mean[1] *= shrink;
    for (var c = 0u; c < 4u; c++) {
      let weight = exp_(scores[c] - base);
      sum += weight;
      weights[row * ${ROWS + 1}u + part + 8u * c] = weight;
    }
    ${addWeighted('mean', 'v')}
  }
  workgroupBarrier();
  ofRow[local] = sum;
  workgroupBarrier();
  var total = 0.0;
  for (var x = 0u; x < 8u; x++) { total += ofRow[row * 8u + x]; }
  let factor = select(1.0 / total, 0.0, total == 0.0);
  mean[0] *= factor;
  mean[1] *= factor;
  ${storeSum('mean', 'y')}
  if (part == 0u && column == 0u && i < p.l) {
    y[p.n * p.l * p.ev + head * p.l + i] = select(most + log_(total), infinity(), total == 0.0);
  }`,
}

/** What all keys ask of a query: its ln Σ e^scores, dy_i · y_i = Σ_m dweights_im · weights_im, and where its row of the mask begins; three words for each. */
const queriesSource: Source = {
  name: 'attentionBackward',
  reads: { dy: 'f32', y: 'f32', offsets: 'u32' },
  writes: { queries: 'u32' },
  params: { n: 'u32', l: 'u32', ev: 'u32', maskRow: 'u32' },
  workgroup: [ROW_THREADS, 1, 1],
  subgroups: true,
  declarations: `${special}${rowReductions}`,
  main: `
  if (group >= p.n * p.l) { return; }
  var part = 0.0;
  for (var d = local; d < p.ev; d += ${ROW_THREADS}u) { part += dy[group * p.ev + d] * y[group * p.ev + d]; }
  let dot = rowSum(local, subgroup, part);
  if (local == 0u) {
    queries[3u * group] = bitcast<u32>(y[p.n * p.l * p.ev + group]);
    queries[3u * group + 1u] = bitcast<u32>(dot);
    queries[3u * group + 2u] = offsets[group / p.l] + group % p.l * p.maskRow;
  }`,
}

/** weights_ij and dscores_ij / √E of query i and key j from q_i · k_j and dy_i · v_j */
const backwards = `
struct Backwards { weight: f32, dscore: f32 }
fn backwards(product: f32, dweight: f32, head: u32, i: u32, j: u32) -> Backwards {
  if (!isVisible(i, j)) { return Backwards(0.0, 0.0); }
  let query = 3u * (head * p.l + i);
  let weight = exp_(score(product, queries[query + 2u], j) - bitcast<f32>(queries[query]));
  return Backwards(weight, weight * (dweight - bitcast<f32>(queries[query + 1u])) * p.scale);
}`

const backward = { reads: { dy: 'f32', q: 'f32', k: 'f32', v: 'f32', mask: 'f32', queries: 'u32' }, params } as const
const backwardDeclarations = `${blocks}${backwards}${load('dy')}${load('q')}${load('k')}${load('v')}`

const queriesBackwardSource: Source = {
  ...backward,
  name: 'attentionBackward',
  writes: { dq: 'f32' },
  declarations: `${backwardDeclarations}${store('dq')}`,
  main: `${places('p.l', 'i0')}
  let keys = ${lastKey};
  var dqSum = array<vec4f, 2>();
  for (var j0 = 0u; j0 < keys; j0 += ${ROWS}u) {
    ${rowsMeetRows('products', 'q', 'k')}
    ${rowsMeetRows('dweights', 'dy', 'v')}
    for (var c = 0u; c < 4u; c++) {
      let at = part + 8u * c;
      weights[row * ${ROWS + 1}u + at] = backwards(products[c], dweights[c], head, i0 + row, j0 + at).dscore;
    }
    ${addWeighted('dqSum', 'k')}
  }
  ${storeSum('dqSum', 'dq')}`,
}

const keysBackwardSource: Source = {
  ...backward,
  name: 'attentionBackward',
  writes: { dk: 'f32', dv: 'f32' },
  declarations: `${backwardDeclarations}${store('dk')}${store('dv')}`,
  main: `${places('p.s', 'j0')}
  var dkSum = array<vec4f, 2>();
  var dvSum = array<vec4f, 2>();
  for (var i0 = select(0u, j0, p.isCausal == 1u); i0 < p.l; i0 += ${ROWS}u) {
    ${rowsMeetRows('products', 'k', 'q')}
    ${rowsMeetRows('dweights', 'v', 'dy')}
    var dscores = vec4f();
    for (var c = 0u; c < 4u; c++) {
      let at = part + 8u * c;
      let its = backwards(products[c], dweights[c], head, i0 + at, j0 + row);
      weights[row * ${ROWS + 1}u + at] = its.weight;
      dscores[c] = its.dscore;
    }
    ${addWeighted('dvSum', 'dy')}
    workgroupBarrier();
    for (var c = 0u; c < 4u; c++) { weights[row * ${ROWS + 1}u + part + 8u * c] = dscores[c]; }
    ${addWeighted('dkSum', 'q')}
  }
  ${storeSum('dkSum', 'dk')}
  ${storeSum('dvSum', 'dv')}`,
}

const tilesOf = (width: number) => Math.max(1, Math.ceil(width / COLUMNS))

export function attention(gpu: Gpu): AttentionKernels<GpuArray> {
  /** Without a mask any array may stand in its place: none looks at it. */
  const paramsOf = ({ n, l, s, e, ev, isCausal = false, mask }: AttentionOptions, isMasked: boolean) => {
    const offsets = gpu.memory.upload(isMasked && mask ? Int32Array.from(mask.offsets) : new Int32Array(n))
    return {
      offsets,
      sizes: { n, l, s, e, ev, isCausal: Number(isCausal), isMasked: Number(isMasked), maskRow: mask?.row ?? 0, scale: 1 / Math.sqrt(e) },
    }
  }
  const groupsOf = (n: number, rows: number, tiles: number) => n * Math.ceil(rows / ROWS) * tiles

  return {
    attention(q, k, v, mask, o) {
      const y = gpu.allocate('attention', q.dtype, o.n * o.l * o.ev + o.n * o.l)
      const { offsets, sizes } = paramsOf(o, mask !== null)
      const tiles = tilesOf(o.ev)
      gpu.run(attentionSource, { q, k, v, mask: mask ?? q, offsets, y }, { ...sizes, tiles }, groupsOf(o.n, o.l, tiles))
      gpu.memory.release(offsets)
      return y
    },
    attentionBackward(dy, q, k, v, y, mask, o) {
      const { n, l, s, e, ev } = o
      const dq = gpu.allocate('attentionBackward', q.dtype, n * l * e)
      const dk = gpu.allocate('attentionBackward', q.dtype, n * s * e)
      const dv = gpu.allocate('attentionBackward', q.dtype, n * s * ev)
      const queries = gpu.allocate('attentionBackward', 'int32', 3 * n * l)
      const { offsets, sizes } = paramsOf(o, mask !== null)
      gpu.run(queriesSource, { dy, y, offsets, queries }, { n, l, ev, maskRow: sizes.maskRow }, n * l)
      const inputs = { dy, q, k, v, mask: mask ?? q, queries }
      const ofQueries = { ...sizes, tiles: tilesOf(e) }
      gpu.run(queriesBackwardSource, { ...inputs, dq }, ofQueries, groupsOf(n, l, ofQueries.tiles))
      const ofKeys = { ...sizes, tiles: tilesOf(Math.max(e, ev)) }
      gpu.run(keysBackwardSource, { ...inputs, dk, dv }, ofKeys, groupsOf(n, s, ofKeys.tiles))
      for (const array of [queries, offsets]) gpu.memory.release(array)
      return [dq, dk, dv]
    },
  }
}
