import type { Argument, Gpu } from './gpu.ts'
import type { GpuArray } from './memory.ts'
import type { Element, Parameter, Source } from './program.ts'
import { type Plan, planOf, type Sizes, TILES, type Tile } from './tiles.ts'

/** One of the two factors: where its numbers come from. */
export interface Factor {
  /** Its numbers lie side by side along the sum ('k'), or across it: along the rows of A, the columns of B. Threads that lie side by side read that way. */
  readonly along: 'k' | 'across'
  /**
   * `load` gives four numbers that lie side by side, as vec4f, the first at a multiple of 4 and within range. Beyond p.k the others must be 0; what is beyond the last row
   * or column goes nowhere. Default false.
   */
  readonly vector?: boolean
  /** The body of a WGSL function of s (which product of the batch), i (row of A or column of B) and k, all u32 and within range: `return a[i * p.k + k];` */
  readonly load: string
}

/**
 * A product y_ij = Σ_k a_ik · b_kj of what two functions load, handed to a third. Convolutions are such products as well: their load functions find the place in the
 * image. Make it once, at module level or kept by key: its kernels are compiled once for each tile.
 *
 *     const product: Gemm = {
 *       name: 'matmul',
 *       reads: { a: 'f32', b: 'f32' },
 *       writes: { y: 'f32' },
 *       a: { along: 'k', load: 'return a[(s * p.m + i) * p.k + k];' },
 *       b: { along: 'across', load: 'return b[(s * p.k + k) * p.n + i];' },
 *       store: 'y[(s * p.m + i) * p.n + j] = value;',
 *     }
 *     runGemm(gpu, product, { m, n, k, batch }, { a, b, y })
 */
export interface Gemm {
  readonly name: string
  readonly reads: Readonly<Record<string, Element>>
  readonly writes: Readonly<Record<string, Element>>
  /** Beside p.m, p.n, p.k and p.batch, which are there. */
  readonly params?: Readonly<Record<string, Parameter>>
  readonly declarations?: string
  readonly a: Factor
  readonly b: Factor
  /** The body of a WGSL function of s, i (row), j (column) and value: a number, or with `vectorStore` a vec4f for j, j + 1, j + 2, j + 3, where n is a multiple of 4. */
  readonly store: string
  readonly vectorStore?: boolean
}

/** Computes the product: chooses a tile, and where tiles are few cuts the sum into parts, which a second kernel adds in order. */
export function runGemm(
  gpu: Gpu,
  gemm: Gemm,
  sizes: Sizes,
  arrays: Readonly<Record<string, GpuArray>>,
  params: Readonly<Record<string, Argument>> = {},
  plan: Plan = planOf(sizes, gpu.hasSubgroups),
): void {
  const { m, n, k, batch } = sizes
  if (batch * m * n === 0) return
  const { product, sum } = sourcesOf(gemm, plan)
  const tile = TILES[plan.tile]
  const [tilesM, tilesN] = [Math.ceil(m / tile.m), Math.ceil(n / tile.n)]
  const partK = Math.ceil(k / plan.parts / tile.k) * tile.k
  const groups = tilesM * tilesN * batch * plan.parts
  const all = { ...params, m, n, k, batch, partK, tilesM, tilesN, groups }
  if (plan.parts === 1) {
    gpu.run(product, arrays, all, groups)
    return
  }
  const partial = gpu.allocate(gemm.name, 'float32', plan.parts * batch * m * n)
  gpu.run(product, { ...arrays, partial }, all, groups)
  const stores = (batch * m * n) / (gemm.vectorStore ? 4 : 1)
  gpu.run(sum, { ...arrays, partial }, { ...params, m, n, k, batch, parts: plan.parts, stores }, Math.ceil(stores / SUM_THREADS))
  gpu.memory.release(partial)
}

const sources = new WeakMap<Gemm, Map<string, { product: Source; sum: Source }>>()

function sourcesOf(gemm: Gemm, { tile, parts }: Plan): { product: Source; sum: Source } {
  const known = sources.get(gemm) ?? new Map()
  sources.set(gemm, known)
  const key = `${tile} ${parts > 1}`
  const found = known.get(key) ?? { product: gemmSource(gemm, TILES[tile], parts > 1), sum: sumSource(gemm) }
  known.set(key, found)
  return found
}

const SIZES = { m: 'u32', n: 'u32', k: 'u32', batch: 'u32' } as const
const SUM_THREADS = 256

const times = (n: number, line: (i: number) => string): string => Array.from({ length: n }, (_, i) => line(i)).join('\n')

/**
 * The kernel for one tile. Its threads bring blocks of 4 × 4 numbers of A and of B to workgroup memory, `tile.k` steps of the sum at a time; there they lie as [k, i], so
 * that a thread reads vectors of neighbouring rows and columns. While it multiplies them, its next blocks are on their way to its registers. What lies beyond the edges is
 * 0 in workgroup memory, so the inner loop asks nothing. By quads, a thread reads one of the next four vectors of A, and has the others from its quad; where sub-groups are
 * not full, the device takes the other loop. In parts, each part of the sum goes to `partial`: [parts, batch, m, n].
 */
export function gemmSource(gemm: Gemm, tile: Tile, inParts: boolean): Source {
  const { rows, columns, quads = false }: Tile = tile
  const [threadsM, threadsN] = [tile.m / rows, tile.n / columns]
  const threads = threadsM * threadsN
  const a = blocksOf('A', gemm.a, tile.m, tile.k, 'p.m')
  const b = blocksOf('B', gemm.b, tile.n, tile.k, 'p.n')
  const perThread = Math.ceil((a.count + b.count) / threads)
  /** A line for each block of a thread: its blocks are numbered `local`, `local + threads`, ..., those of A come first. */
  const ofBlocks = (line: (i: number, factor: 'A' | 'B', block: string) => string) =>
    times(perThread, (i) => {
      const [first, last] = [i * threads, (i + 1) * threads - 1]
      const ofA = `if (local + ${first}u < ${a.count}u) { ${line(i, 'A', `local + ${first}u`)} }`
      const ofB = `if (local + ${first}u < ${a.count + b.count}u) { ${line(i, 'B', `local + ${first}u - ${a.count}u`)} }`
      return [...(first < a.count ? [ofA] : []), ...(last >= a.count ? [ofB] : [])].join(' else ')
    })
  /** For each vector of four rows r, each row x of it, each vector of four columns c. */
  const ofSums = (line: (r: number, x: number, c: number) => string) =>
    times(rows / 4, (r) => times(4, (x) => times(columns / 4, (c) => line(r, x, c))))
  const vectorOfA = (k: string, r: string) => `tileA[(${k}) * ${a.stride}u + ty + ${r} * ${threadsM}u]`
  const addProducts = (k: string, vector: (r: number) => string) => `
${times(rows / 4, (r) => `        let a${r} = ${vector(r)};`)}
${times(columns / 4, (c) => `        let b${c} = tileB[(${k}) * ${b.stride}u + tx + ${c * threadsN}u];`)}
${ofSums((r, x, c) => `        sum${r}${x}${c} = fma(vec4f(a${r}[${x}]), b${c}, sum${r}${x}${c});`)}`
  const multiply = `
      for (var k = 0u; k < ${tile.k}u; k++) {${addProducts('k', (r) => vectorOfA('k', `${r}u`))}
      }`
  /** Four vectors of A are those of so many steps of the sum. */
  const steps = 16 / rows
  const multiplyByQuads = `
      workgroupBarrier(); // so that all threads come along, whichever branches they took to fetch
      for (var k = 0u; k < ${tile.k}u; k += ${steps}u) {
        let mine = ${vectorOfA(`k + local % 4u / ${rows / 4}u`, `(local % ${rows / 4}u)`)};
${times(
  steps,
  (step) => `        {${addProducts(`k + ${step}u`, (r) => `quadBroadcast(mine, ${(step * rows) / 4 + r})`)}
        }`,
)}
      }`
  return {
    name: gemm.name,
    reads: gemm.reads,
    writes: inParts ? { ...gemm.writes, partial: numberOf(gemm) } : gemm.writes,
    params: { ...gemm.params, ...SIZES, partK: 'u32', tilesM: 'u32', tilesN: 'u32', groups: 'u32' },
    workgroup: [threads, 1, 1],
    subgroups: quads,
    declarations: `${gemm.declarations ?? ''}
${a.code}
${b.code}
${inParts ? storePartCode(gemm) : storeCode(gemm)}
fn emit(s: u32, i: u32, j: u32, value: vec4f) {
  if (i >= p.m) { return; }
${gemm.vectorStore ? '  if (j < p.n) { store(s, i, j, value); }' : times(4, (x) => `  if (j + ${x}u < p.n) { store(s, i, j + ${x}u, value[${x}]); }`)}
}`,
    main: `  if (group >= p.groups) { return; }
  let column = group % p.tilesN * ${tile.n}u;
  let row = group / p.tilesN % p.tilesM * ${tile.m}u;
  let s = group / (p.tilesN * p.tilesM) % p.batch;
  let part = group / (p.tilesN * p.tilesM * p.batch);
  let start = part * p.partK;
  let end = min(start + p.partK, p.k);
  let tx = local % ${threadsN}u;
  let ty = local / ${threadsN}u;
${ofSums((r, x, c) => `  var sum${r}${x}${c} = vec4f();`)}
${times(perThread, (i) => `  var block${i} = mat4x4f();`)}
  for (var k0 = start; ; k0 += ${tile.k}u) {
${ofBlocks((i, factor, block) => `block${i} = fetch${factor}(${block}, s, ${factor === 'A' ? 'row' : 'column'}, k0, end);`)}
    if (k0 > start) {
${quads ? `      if (subgroup > 1) {${multiplyByQuads}      } else {${multiply}      }` : multiply}
    }
    if (k0 >= end) { break; }
    workgroupBarrier();
${ofBlocks((i, factor, block) => `put${factor}(${block}, block${i});`)}
    workgroupBarrier();
  }
${ofSums((r, x, c) => `  emit(${inParts ? 'part * p.batch + s' : 's'}, row + (ty + ${r * threadsM}u) * 4u + ${x}u, column + (tx + ${c * threadsN}u) * 4u, sum${r}${x}${c});`)}`,
  }
}

/** Adds the parts of the sum in order. */
function sumSource(gemm: Gemm): Source {
  const width = gemm.vectorStore ? 4 : 1
  return {
    name: gemm.name,
    reads: { ...gemm.reads, partial: numberOf(gemm) },
    writes: gemm.writes,
    params: { ...gemm.params, ...SIZES, parts: 'u32', stores: 'u32' },
    workgroup: [SUM_THREADS, 1, 1],
    declarations: `${gemm.declarations ?? ''}
${storeCode(gemm)}`,
    main: `  let place = group * ${SUM_THREADS}u + local;
  if (place >= p.stores) { return; }
  var sum = partial[place];
  for (var part = 1u; part < p.parts; part++) { sum += partial[part * p.stores + place]; }
  let row = place * ${width}u / p.n;
  store(row / p.m, row % p.m, place * ${width}u % p.n, sum);`,
  }
}

const numberOf = ({ vectorStore }: Gemm): Element => (vectorStore ? 'vec4f' : 'f32')

const storeCode = (gemm: Gemm): string => `fn store(s: u32, i: u32, j: u32, value: ${numberOf(gemm)}) {
  ${gemm.store}
}`

/** Parts lie one after the other, as if each were a batch of its own. */
const storePartCode = (gemm: Gemm): string =>
  storeCode({ ...gemm, store: `partial[((s * p.m + i) * p.n + j) / ${gemm.vectorStore ? 4 : 1}u] = value;` })

/**
 * How a factor's blocks of 4 × 4 numbers come to workgroup memory, where its tile of `size` lies as [k, i]. A block is four vectors, one for each k. Threads that lie side by side
 * bring blocks that lie side by side in memory: across, a row of them; along k two, and then the next rows, so that their vectors fall on different banks of workgroup memory
 * (with lines of an odd number of vectors).
 */
function blocksOf(name: 'A' | 'B', { along, vector, load }: Factor, size: number, k: number, edge: string) {
  const vectors = size / 4
  const alongK = along === 'k'
  const stride = alongK ? vectors + 1 : vectors
  const four = (place: (x: number) => string) => `${[0, 1, 2, 3].map(place).join(', ')}`
  const one = (i: string, k: string) => `load${name}(s, ${i}, ${k})`
  const code = `
var<workgroup> tile${name}: array<vec4f, ${stride * k}>;
fn load${name}(s: u32, i: u32, k: u32) -> ${vector ? 'vec4f' : 'f32'} {
  ${load}
}
fn within${name}(s: u32, i: u32, k: u32, end: u32) -> ${vector ? 'vec4f' : 'f32'} {
  if (i < ${edge} && k < end) { return ${one('i', 'k')}; }
  return ${vector ? 'vec4f()' : '0.0'};
}
fn four${name}(s: u32, i: u32, k: u32, end: u32) -> vec4f {
  return ${vector ? `within${name}(s, i, k, end)` : `vec4f(${four((x) => (alongK ? `within${name}(s, i, k + ${x}u, end)` : `within${name}(s, i + ${x}u, k, end)`))})`};
}
/** Where a block begins in the tile: i and k. */
fn place${name}(block: u32) -> vec2u {
  return 4u * ${alongK ? `vec2u(block / 2u % ${vectors}u, block % 2u + block / ${2 * vectors}u * 2u)` : `vec2u(block % ${vectors}u, block / ${vectors}u)`};
}
fn fetch${name}(block: u32, s: u32, i0: u32, k0: u32, end: u32) -> mat4x4f {
  let place = place${name}(block);
  let i = i0 + place.x;
  let k = k0 + place.y;
  return ${alongK ? 'transpose' : ''}(mat4x4f(${four((x) => (alongK ? `four${name}(s, i + ${x}u, k, end)` : `four${name}(s, i, k + ${x}u, end)`))}));
}
fn put${name}(block: u32, numbers: mat4x4f) {
  let place = place${name}(block);
  let at = place.y * ${stride}u + place.x / 4u;
${times(4, (x) => `  tile${name}[at + ${x * stride}u] = numbers[${x}];`)}
}`
  return { stride, count: vectors * (k / 4), code }
}
