import fc from 'fast-check'
import { checks } from '../../src/learn/check.ts'
import { changed, type KernelCall } from '../../src/learn/wgsl.ts'
import { Generator } from '../../src/random.ts'
import { matmul } from '../../src/reference/matmul.ts'
import { multiplyByElements, multiplyByRegisters, multiplyByTiles, multiplyByVectors } from '../solutions/webgpu.ts'

/** The functions of the lesson as they are called here: with arrays, on the GPU. */
interface Kernels {
  multiplyByElements: KernelCall
  multiplyByTiles: KernelCall
  multiplyByRegisters: KernelCall
  multiplyByVectors: KernelCall
}

/** Whole numbers from -3 to 3: sums of their products are exact in f32, whatever their order. */
const whole = (generator: Generator, length: number) => generator.uniform(new Float32Array(length), -3.5, 3.5).map(Math.round)

/** Two matrices, with C within one tile, a little beyond it, or over three, and k below 16 or above. */
const products = (tile: number) => {
  const beyond = (edge: number) => fc.integer({ min: edge + 1, max: edge + 5 })
  const size = fc.oneof(
    { weight: 2, arbitrary: fc.integer({ min: 1, max: tile - 1 }) },
    { weight: 2, arbitrary: beyond(tile) },
    { weight: 1, arbitrary: beyond(2 * tile) },
  )
  const inner = fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 15 }), fc.integer({ min: 17, max: 24 }))
  return fc.tuple(size, size, inner, fc.nat(1000)).map(([m, n, k, seed]): Parameters<KernelCall> => {
    const generator = new Generator(seed)
    return [whole(generator, m * k), whole(generator, k * n), m, n, k]
  })
}

/** What is so for every product, and for all that is drawn. */
const shared = {
  runs: 25,
  tolerance: 1e-5,
  laws: {
    'c_ij = Σ_p a_ip · b_pj, as the reference says': async (f: KernelCall, ...[a, b, m, n, k]: Parameters<KernelCall>) =>
      String(await f(a, b, m, n, k)) === String(matmul(a, b, { m, n, k })),
  },
}

const NO_BARRIER = 'nobody waits: threads read the tiles before others have filled them; workgroupBarrier() makes all wait for all'
const ONE_BARRIER =
  'only one workgroupBarrier(): wait twice for each tile, when it has been filled and when all have read it (it may go well by luck)'

/** Who overtakes whom changes from run to run and from GPU to GPU, so it is the text that is looked at. */
const look = async (f: KernelCall): Promise<string | undefined> => {
  await f.compile()
  const code = f.kernel().main.replaceAll(/\/\/.*|\/\*[\s\S]*?\*\//g, '')
  const barriers = code.split('workgroupBarrier()').length - 1
  return barriers === 0 ? NO_BARRIER : barriers === 1 ? ONE_BARRIER : undefined
}
const BARRIER = '        workgroupBarrier();\n'
const barriers = (kernel: typeof multiplyByTiles) => ({
  [NO_BARRIER]: changed(kernel, [BARRIER, '']),
  [ONE_BARRIER]: changed(kernel, [`${BARRIER}      }\n`, '      }\n']),
})

const numbers = (...values: number[]) => Float32Array.from(values)
const filled = (length: number, of: (at: number) => number) => Float32Array.from({ length }, (_, at) => of(at))
const choose = (n: number, k: number): number => (k < 0 || k > n ? 0 : k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k)

export default checks<Kernels>({
  multiplyByElements: {
    ...shared,
    hints: [
      'Begin as add does: row and column of this thread, and a return for those beyond the edge. Then one sum, and one loop over p.',
      'sum ← sum + a_ip · b_pj.  a_ip lies at i · k + p, b_pj at p · n + j, c_ij at i · n + j.',
      'var sum = 0.0;\nfor (var p = 0u; p < size.k; p++) {\n  sum += a[i * size.k + p] * …;\n}\nc[i * size.n + j] = sum;',
    ],
    inputs: products(16),
    frozen: [
      {
        args: [numbers(1, 3, 7, 5), numbers(6, 8, 4, 2), 2, 2, 2],
        gives: [18, 14, 62, 66],
        from: 'Cormen, Leiserson, Rivest & Stein, Introduction to Algorithms, exercise 4.2-1',
      },
    ],
    mutants: {
      'x and y are exchanged: with x go the columns of C, with y the rows': changed(
        multiplyByElements,
        ['id.y', 'id.?'],
        ['id.x', 'id.y'],
        ['id.?', 'id.x'],
      ),
      'local_invocation_id counts within a workgroup: all of them compute the same tile; global_invocation_id counts over the grid':
        changed(multiplyByElements, ['global_invocation_id', 'local_invocation_id']),
      'workgroup_id is the same for all threads of a workgroup: they all compute one element; global_invocation_id is their own': changed(
        multiplyByElements,
        ['global_invocation_id', 'workgroup_id'],
      ),
      'rows of A are n numbers apart; they have k': changed(multiplyByElements, ['i * size.k + p', 'i * size.n + p']),
      'rows of B are k numbers apart; they have n': changed(multiplyByElements, ['p * size.n + j', 'p * size.k + j']),
      'A is read as its transpose: a_pi, where it should be a_ip': changed(multiplyByElements, ['i * size.k + p', 'p * size.m + i']),
      'B is read as its transpose: b_jp, where it should be b_pj': changed(multiplyByElements, ['p * size.n + j', 'j * size.k + p']),
      'only the last product is stored; add it to the sum': changed(multiplyByElements, ['sum +=', 'sum =']),
      'the last p is left out; p runs while p < k': changed(multiplyByElements, ['p < size.k', 'p + 1u < size.k']),
      'the numbers are added, where they should be multiplied': changed(multiplyByElements, ['] * b', '] + b']),
    },
  },

  multiplyByTiles: {
    ...shared,
    look,
    hints: [
      'Each thread brings one number of each tile, as in transpose, waits, adds 16 products of numbers that others have brought, and waits again.',
      'tileA[y][x] = a_{i, start + x},  tileB[y][x] = b_{start + y, j},  and  sum ← sum + tileA[y][p] · tileB[p][x]  for the 16 p of the tile.',
      'for (var start = 0u; start < size.k; start += 16u) {\n  tileA[local.y][local.x] = loadA(id.y, start + …);\n  tileB[local.y][local.x] = loadB(…, id.x);\n  workgroupBarrier();\n  for (var p = 0u; p < 16u; p++) { sum += …; }\n  workgroupBarrier();\n}\nstoreC(id.y, id.x, sum);',
    ],
    inputs: products(16),
    frozen: [
      {
        args: [filled(100, () => 1), filled(100, (at) => at + 1), 1, 1, 100],
        gives: [5050],
        from: 'the sum of the numbers from 1 to 100, as young Gauss is said to have found it',
      },
    ],
    mutants: {
      ...barriers(multiplyByTiles),
      'every tile is the first one: p goes on from start': changed(multiplyByTiles, ['start + ', '']),
      'the sum begins anew with every tile; it goes on until the last one': changed(multiplyByTiles, [
        'start += 16u) {',
        'start += 16u) {\n        sum = 0.0;',
      ]),
      'the last k mod 16 are left out: go on while start < k, for loadA and loadB give 0 beyond the edge': changed(multiplyByTiles, [
        'start < size.k',
        'start + 16u <= size.k',
      ]),
      'beyond the edge the tiles hold what happens to lie there; it has to be 0, as loadA and loadB give it': changed(
        multiplyByTiles,
        ['loadA(id.y, start + local.x)', 'a[id.y * size.k + start + local.x]'],
        ['loadB(start + local.y, id.x)', 'b[(start + local.y) * size.n + id.x]'],
      ),
      'the tile of A is filled as its transpose, and read as if it were not': changed(multiplyByTiles, [
        'tileA[local.y][local.x]',
        'tileA[local.x][local.y]',
      ]),
      'the tile of B is filled as its transpose, and read as if it were not': changed(multiplyByTiles, [
        'tileB[local.y][local.x]',
        'tileB[local.x][local.y]',
      ]),
      'the tile of A is read by columns: row y of it is tileA[y]': changed(multiplyByTiles, ['tileA[local.y][p]', 'tileA[p][local.x]']),
      'all threads of a row load the same number of A: with x goes p': changed(multiplyByTiles, [
        'id.y, start + local.x',
        'id.y, start + local.y',
      ]),
      'all threads of a column load the same number of B: with y goes p': changed(multiplyByTiles, [
        'start + local.y, id.x',
        'start + local.x, id.x',
      ]),
      'every workgroup loads the first rows of A and the first columns of B; local counts within the workgroup alone': changed(
        multiplyByTiles,
        ['loadA(id.y', 'loadA(local.y'],
        [', id.x);\n        work', ', local.x);\n        work'],
      ),
      'only the last product is stored; add it to the sum': changed(multiplyByTiles, ['sum +=', 'sum =']),
    },
  },

  multiplyByRegisters: {
    ...shared,
    look,
    hints: [
      'The tiles are larger, and a thread brings four numbers of each: the numbers thread, thread + 256, … of 1,024. Its 16 sums stay in a var.',
      'With y and x the place in the workgroup, this thread has the rows 4·y + r and the columns 4·x + s of the 64 × 64:\ns_rs ← s_rs + tileA[p][4y + r] · tileB[p][4x + s].',
      'var sums: array<array<f32, 4>, 4>;\nfor each start:\n  for (var e = thread; e < 1024u; e += 256u) {\n    tileA[e % 16u][e / 16u] = loadA(row + e / 16u, start + …);\n    tileB[e / 64u][e % 64u] = loadB(start + …, column + …);\n  }\n  wait; for each p, r, s: sums[r][s] += …; wait\nfor each r, s: storeC(row + 4u * local.y + r, …, sums[r][s]);',
    ],
    inputs: products(64),
    frozen: [
      {
        args: [
          filled(144, (at) => choose(Math.floor(at / 12), at % 12)),
          filled(144, (at) => choose(at % 12, Math.floor(at / 12))),
          12,
          12,
          12,
        ],
        gives: [...filled(144, (at) => choose(Math.floor(at / 12) + (at % 12), at % 12))],
        from: 'Edelman & Strang, Pascal Matrices, American Mathematical Monthly 111, 2004: S = L · U',
      },
    ],
    mutants: {
      ...barriers(multiplyByRegisters),
      'each thread brings one number of each tile; a tile has 1,024, four for each thread': changed(multiplyByRegisters, [
        'e < 1024u',
        'e < 256u',
      ]),
      'every tile is the first one: p goes on from start': changed(multiplyByRegisters, ['start + ', '']),
      'every workgroup loads the first 64 rows of A; its own begin at row': changed(multiplyByRegisters, ['loadA(row + ', 'loadA(']),
      'every workgroup loads the first 64 columns of B; its own begin at column': changed(multiplyByRegisters, [', column + e', ', e']),
      'row and column of the workgroup are exchanged: with x go the columns of C, with y the rows': changed(
        multiplyByRegisters,
        ['group.y', 'group.?'],
        ['group.x', 'group.y'],
        ['group.?', 'group.x'],
      ),
      'workgroups begin 16 elements apart; each has 64 rows and 64 columns': changed(multiplyByRegisters, ['64u * group', '16u * group']),
      'only the last product is stored; add it to the sums': changed(multiplyByRegisters, ['sums[r][s] +=', 'sums[r][s] =']),
      'the sums begin anew with every tile; they go on until the last one': changed(multiplyByRegisters, [
        'start += 16u) {',
        'start += 16u) {\n        sums = array<array<f32, 4>, 4>();',
      ]),
      'all four rows of a thread are its first: row r of it is 4 · y + r': changed(multiplyByRegisters, [
        'tileA[p][4u * local.y + r]',
        'tileA[p][4u * local.y]',
      ]),
      'all four columns of a thread are its first: column s of it is 4 · x + s': changed(multiplyByRegisters, [
        'tileB[p][4u * local.x + s]',
        'tileB[p][4u * local.x]',
      ]),
      'the rows of neighbours overlap in the tile of A: a thread has four of them, from 4 · y on': changed(multiplyByRegisters, [
        'tileA[p][4u * local.y + r]',
        'tileA[p][local.y + r]',
      ]),
      'rows and columns of the thread are exchanged in the tiles: rows go with y, columns with x': changed(
        multiplyByRegisters,
        ['[p][4u * local.y', '[p][4u * local.?'],
        ['[p][4u * local.x', '[p][4u * local.y'],
        ['local.?', 'local.x'],
      ),
    },
  },

  multiplyByVectors: {
    ...shared,
    look,
    hints: [
      'As by registers, but a thread brings one vec4f for each tile: 16 × 16 threads, 16 × 16 vectors. For each p it fetches two of them.',
      'This thread has the rows i … i+3 and the columns j … j+3, i = 4 · id.y, j = 4 · id.x. Row r of its sums:  sums[r] ← sums[r] + a4[r] · b4.',
      'tileA[local.x][local.y] = vec4f(loadA(i, start + local.x), loadA(i + 1u, …), …);\ntileB[local.y][local.x] = vec4f(loadB(start + local.y, j), …);\nwait; for each p:\n  let a4 = tileA[p][local.y];\n  let b4 = tileB[p][local.x];\n  sums[0] += a4.x * b4;\n  …\nwait',
    ],
    inputs: products(64),
    frozen: [
      {
        args: [hadamard(128), hadamard(128), 128, 128, 128],
        gives: [...filled(128 * 128, (at) => (at % 129 === 0 ? 128 : 0))],
        from: 'Sylvester, Philosophical Magazine 34, 1867: H · Hᵀ = n · I, and these H are symmetric',
      },
    ],
    mutants: {
      ...barriers(multiplyByVectors),
      'every tile is the first one: p goes on from start': changed(multiplyByVectors, ['start + ', '']),
      'all four rows are made of the first number of A: row 1 takes a4.y, row 2 a4.z, row 3 a4.w': changed(
        multiplyByVectors,
        ['a4.y', 'a4.x'],
        ['a4.z', 'a4.x'],
        ['a4.w', 'a4.x'],
      ),
      'a4 is multiplied by b4 lane by lane: the numbers of a row of C have one number of A in common, such as a4.x': changed(
        multiplyByVectors,
        ['a4.x *', 'a4 *'],
        ['a4.y *', 'a4 *'],
        ['a4.z *', 'a4 *'],
        ['a4.w *', 'a4 *'],
      ),
      'only the last product is stored; add it to the sums': changed(multiplyByVectors, ['] += a4', '] = a4']),
      'the sums begin anew with every tile; they go on until the last one': changed(multiplyByVectors, [
        'start += 16u) {',
        'start += 16u) {\n        sums = array<vec4f, 4>();',
      ]),
      'a vector of A holds one row at four p; it holds four rows at one p': changed(
        multiplyByVectors,
        ['loadA(i + 1u, pa)', 'loadA(i, pa + 1u)'],
        ['loadA(i + 2u, pa)', 'loadA(i, pa + 2u)'],
        ['loadA(i + 3u, pa)', 'loadA(i, pa + 3u)'],
      ),
      'a vector of B holds one column at four p; it holds four columns at one p': changed(
        multiplyByVectors,
        ['loadB(pb, j + 1u)', 'loadB(pb + 1u, j)'],
        ['loadB(pb, j + 2u)', 'loadB(pb + 2u, j)'],
        ['loadB(pb, j + 3u)', 'loadB(pb + 3u, j)'],
      ),
      'every thread fetches the vectors of another one: those of A go with y, those of B with x': changed(
        multiplyByVectors,
        ['tileA[p][local.y]', 'tileA[p][local.?]'],
        ['tileB[p][local.x]', 'tileB[p][local.y]'],
        ['local.?', 'local.x'],
      ),
      'the tile of A is filled as its transpose, and read as if it were not': changed(multiplyByVectors, [
        'tileA[local.x][local.y]',
        'tileA[local.y][local.x]',
      ]),
      'the sums are stored as their transpose: sums[r] is a row of C': changed(multiplyByVectors, ['sums[r][s]', 'sums[s][r]']),
    },
  },
})

/** Sylvester's matrices of 1 and -1: h_ij = (-1)^(the number of bits that i and j have in common). */
function hadamard(n: number): Float32Array {
  const bits = (x: number): number => (x === 0 ? 0 : (x & 1) + bits(x >> 1))
  return filled(n * n, (at) => (bits(Math.floor(at / n) & (at % n)) % 2 === 0 ? 1 : -1))
}
