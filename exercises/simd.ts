/**
 * A processor has registers of 128 bits: four f32, side by side. One instruction
 * adds or multiplies all four lanes: Single Instruction, Multiple Data (Flynn
 * 1966). Almost all the time of a network goes into one loop, the matrix product
 *
 *     c_ij = Σ_p a_ip · b_pj        A: [m, k], B: [k, n], C: [m, n]
 *
 * Here you write it three times: number by number, four numbers at a time, and
 * as tiles that stay in registers (Goto & van de Geijn 2008). The functions are
 * AssemblyScript, TypeScript that becomes WebAssembly: an array is an address
 * in bytes, and an f32 has 4 of them. Matrices lie row after row.
 */
import { type f32, f32x4, type i32, load, min, store, type usize, v128 } from '../src/learn/assemblyscript.ts'
import { compileLesson } from '../src/learn/compile.ts'
import { blank, lesson } from '../src/learn/index.ts'
import { bars, table } from '../src/plot/index.ts'
import { Generator } from '../src/random.ts'
import { matmul } from '../src/reference/matmul.ts'
import type { MatmulExports } from '../src/wasm/kernels/matmul.ts'
import { type Loaded, load as loadLibrary, type Simd } from '../src/wasm/load.ts'

/**
 * One element of a product, number by number. The numbers of a lie side by side, those of b are `step` bytes apart, as in a column.
 * y = Σ_p a_p · b_p        a: [k], b: [k], step: bytes -> y: number
 */
export function dot(a: usize, b: usize, step: i32, k: i32): f32 {
  return blank('dot', a, b, step, k)
}

/** The product as it is defined: every element by itself.  c_ij = Σ_p a_ip · b_pj        a: [m, k], b: [k, n] -> c: [m, n] */
export function multiplyByDots(a: usize, b: usize, c: usize, m: i32, n: i32, k: i32): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const row = a + 4 * i * k // worked: read it, then go on        row i of A begins i · k numbers behind a
      store<f32>(c + 4 * (i * n + j), dot(row, b + 4 * j, 4 * n, k)) // column j of B: its numbers are a row apart
    }
  }
}

/** Four at a time, then what is left.  y_i = s · x_i        x: [n] -> y: [n] */
export function scale(s: f32, x: usize, y: usize, n: i32): void {
  const s4 = f32x4.splat(s) // worked: read it, then go on        [s, s, s, s]
  let i = 0
  for (; i + 4 <= n; i += 4) v128.store(y + 4 * i, f32x4.mul(s4, v128.load(x + 4 * i)))
  for (; i < n; i++) store<f32>(y + 4 * i, s * load<f32>(x + 4 * i)) // up to three numbers
}

/** In each lane  sum + x · y        sum, x, y: [4] -> [4] */
export function multiplyAdd(sum: v128, x: v128, y: v128): v128 {
  return f32x4.add(sum, f32x4.mul(x, y)) // worked: it costs nothing to call, for the compiler puts it in place
}

/** Adds s times x to y, four numbers at a time, then what is left.  y_i ← y_i + s · x_i        x: [n], y: [n] -> y: [n] */
export function axpy(s: f32, x: usize, y: usize, n: i32): void {
  blank('axpy', s, x, y, n)
}

/**
 * The product by rows: row i of C is a sum of the rows of B, each times a number of A. So all that is read and written lies side by side.
 * c_i = Σ_p a_ip · b_p        a: [m, k], b: [k, n] -> c: [m, n], whatever it held before
 */
export function multiplyByRows(a: usize, b: usize, c: usize, m: i32, n: i32, k: i32): void {
  blank('multiplyByRows', a, b, c, m, n, k)
}

/**
 * Copies a strip of a matrix into a panel that is read from front to back: for every p, `width` numbers side by side, of which `used` are
 * there and the others are 0. One number of the strip is `along` bytes before the next p, and `across` bytes before the next i.
 * to_pi = from(p · along + i · across)        from: a strip of A or B -> to: [k, width]
 */
export function pack(to: usize, from: usize, along: i32, across: i32, used: i32, width: i32, k: i32): void {
  blank('pack', to, from, along, across, used, width, k)
}

/**
 * A tile of the product. Its 32 sums stay in eight vectors, s00 and s01 for the first row; every p loads 8 + 4 numbers for 32 multiply-adds.
 * c_ij = Σ_p a_pi · b_pj        a: [k, 4], b: [k, 8] -> c: 4 rows of [8], `rowC` bytes apart
 */
export function tile(a: usize, b: usize, c: usize, rowC: i32, k: i32): void {
  blank('tile', a, b, c, rowC, k)
}

/**
 * The product by tiles: A in panels of 4 rows, B in panels of 8 columns. A tile over the edge is computed beside C, and what belongs to C is copied.
 * c_ij = Σ_p a_ip · b_pj        a: [m, k], b: [k, n], scratch: 128 + 4 · k · (m + 11) bytes -> c: [m, n]
 */
export function multiplyByTiles(a: usize, b: usize, c: usize, m: i32, n: i32, k: i32, scratch: usize): void {
  const panelB = scratch + 128 // worked: at the front of the scratch lies a spare tile, [4, 8]; then a panel of B, [k, 8]
  const panelsA = panelB + 32 * k // and all panels of A, [k, 4] each
  for (let i = 0; i < m; i += 4) pack(panelsA + 4 * i * k, a + 4 * i * k, 4, 4 * k, min(4, m - i), 4, k)
  for (let j = 0; j < n; j += 8) {
    pack(panelB, b + 4 * j, 4 * n, 4, min(8, n - j), 8, k)
    for (let i = 0; i < m; i += 4) {
      const to = c + 4 * (i * n + j)
      if (i + 4 <= m && j + 8 <= n) {
        tile(panelsA + 4 * i * k, panelB, to, 4 * n, k)
        continue
      }
      tile(panelsA + 4 * i * k, panelB, scratch, 32, k)
      for (let r = 0; r < min(4, m - i); r++) {
        for (let s = 0; s < min(8, n - j); s++) store<f32>(to + 4 * (r * n + s), load<f32>(scratch + 4 * (8 * r + s)))
      }
    }
  }
}

await lesson(import.meta, async ({ show, print, status, options }) => {
  const lanes = (name: string, first: number) => [0, 1, 2, 3].map((lane) => `${name}${first + lane}`).join(' ')
  const row = (r: number) =>
    `  a${r} │ ${Array(4).fill(`a_${r}`).join(' ')} │   s${r}0 │ ${lanes(`c${r}`, 0)} │   s${r}1 │ ${lanes(`c${r}`, 4)} │`
  show(
    [`${' '.repeat(28)}b0 │ ${lanes('b_', 0)} │    b1 │ ${lanes('b_', 4)} │`, ...[0, 1, 2, 3].map(row)].join('\n'),
    'The 4 × 8 tile, one step of p. Each box is a register: 12 numbers are loaded, 32 products are added to 32 sums.',
  )
  print('', 'The functions of this file become WebAssembly …')
  const { exports, functions, memory } = await compileLesson(import.meta)

  // Are the three products right? Whole numbers, so that all sums are exact.
  const generator = new Generator(options.seed)
  const whole = (length: number) => generator.uniform(new Float32Array(length), -3.5, 3.5).map(Math.round)
  const size = () => 1 + Math.floor(generator.uniform(new Float32Array(1), 0, 20)[0])
  const shapes = [[4, 8, 1], [8, 16, 5], [5, 9, 7], ...Array.from({ length: 20 }, () => [size(), size(), size()])]
  const mistake = async (name: string): Promise<string | undefined> => {
    for (const [m, n, k] of shapes) {
      const [a, b, c] = [whole(m * k), whole(k * n), new Float32Array(m * n)]
      try {
        await functions[name](a, b, c, m, n, k, new Float32Array(32 + k * (m + 11)))
      } catch (error) {
        return error instanceof Error ? error.message : String(error)
      }
      const expected = matmul(a, b, { m, n, k })
      if (c.some((c_ij, at) => c_ij !== expected[at])) return `wrong for [${m}, ${k}] × [${k}, ${n}]`
    }
    return undefined
  }

  const stages = [
    { name: 'dot: one by one', run: 'multiplyByDots', memoryOps: 64 },
    { name: 'axpy: four at a time', run: 'multiplyByRows', memoryOps: 24 },
    { name: 'tile: 4 × 8', run: 'multiplyByTiles', memoryOps: 6 },
  ]
  const right: typeof stages = []
  for (const stage of stages) {
    const wrong = await mistake(stage.run)
    if (wrong === undefined) right.push(stage)
    else print(`${stage.name} is not timed: ${wrong}`)
  }
  print(`${right.length} of 3 products are right: ${shapes.length} shapes each, against the definition.`, '')

  // How fast are they? The best of some rounds, when the engine has compiled them for good.
  const n = options.quick ? 128 : 256
  const best = (run: () => void): number => {
    const end = performance.now() + (options.quick ? 150 : 400)
    let least = Number.POSITIVE_INFINITY
    for (let round = 0; round < 5 || performance.now() < end; round++) {
      const before = performance.now()
      run()
      least = Math.min(least, performance.now() - before)
    }
    return least
  }
  const BASE = 65_536
  const [a, b, c, scratch] = [0, 1, 2, 3].map((i) => BASE + 4 * i * n * n)
  const fill = ({ buffer }: WebAssembly.Memory) => new Float32Array(buffer, BASE, 2 * n * n).set(whole(2 * n * n))
  const measured = (name: string, memoryOps: number, run: () => void, work = 2 * n ** 3): Measured => {
    status(`${name} …`)
    const ms = best(run)
    return { name, memoryOps, ms, gflops: work / ms / 1e6 }
  }

  // From the fastest to the slowest: at first the checks of this file run beside this, and disturb a long run more than a short one.
  const rows = (['relaxed', 'plain'] as const).flatMap((simd) => {
    const library = libraryBuild(simd)
    if (library === undefined) return []
    library.memory.grow(64)
    fill(library.memory)
    const product = () => library.exports.matmul(a, n, 0, 0, b, n, 0, 0, c, n, 0, 0, n, n, n, 1, scratch)
    const [name, memoryOps, note] =
      simd === 'plain' ? (['library, 5 × 8', 5.6, ''] as const) : (['library, 6 × 8, fused', 5.33, ', fused'] as const)
    const steps = 10_000
    const chains = () => library.exports.multiplyAdd14(BASE, steps)
    const timed = measured(name, memoryOps, product)
    new Float32Array(library.memory.buffer, BASE, 4).fill(0.5)
    return [measured(`ceiling${note}`, 0, chains, 8 * 14 * steps), timed]
  })
  memory.grow(64)
  fill(memory)
  for (const { name, run, memoryOps } of right.toReversed()) {
    rows.push(measured(name, memoryOps, () => exports[run](a, b, c, n, n, n, scratch)))
  }
  const host = [whole(n * n), whole(n * n)]
  rows.push(measured('definition, TypeScript', 64, () => matmul(host[0], host[1], { m: n, n, k: n })))
  rows.reverse()
  const ceiling = rows[rows.length - 1].gflops
  status('')
  show(
    table(
      ['', 'loads, stores', 'ms', 'GFLOP/s', 'of the ceiling'],
      rows.map(({ name, memoryOps, ms, gflops }) => [
        name,
        memoryOps,
        memoryOps === 0 ? '' : ms,
        gflops,
        `${((100 * gflops) / ceiling).toFixed(0)}%`,
      ]),
      { digits: 2 },
    ),
    `[${n}, ${n}] × [${n}, ${n}], one thread. Loads and stores are counted for 32 multiply-adds of the inner loop.`,
  )
  print('')
  show(
    bars(
      rows.map(({ name }) => name),
      rows.map(({ gflops }) => gflops),
      { title: 'GFLOP/s: thousand million multiplications and additions in a second', digits: 2 },
    ),
  )
})

interface Measured {
  readonly name: string
  /** Instructions that read or write memory, for 32 multiply-adds. */
  readonly memoryOps: number
  readonly ms: number
  readonly gflops: number
}

type Library = MatmulExports & { multiplyAdd14(at: number, steps: number): void }

/** One of the library's two builds; undefined where this engine cannot run it. */
function libraryBuild(simd: Simd): Loaded<Library> | undefined {
  try {
    return loadLibrary<Library>(simd)
  } catch {
    return undefined
  }
}
