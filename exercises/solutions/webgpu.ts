/**
 * A GPU runs one program, a kernel, in thousands of threads at once. Threads
 * form workgroups, workgroups form a grid. Far away lies the global memory,
 * which all of them see; a workgroup has a small one of its own; a thread has
 * registers. Fast is who fetches a number from afar once, and uses it often:
 *
 *     c_ij = Σ_p a_ip · b_pj        A: [m, k], B: [k, n], C: [m, n]
 *
 * You write this product in WGSL, the language of WebGPU, four times: by single
 * elements, by tiles in workgroup memory (CUDA, 2007), by tiles of sums in
 * registers (Volkov & Demmel 2008), and by vectors. Every function returns the
 * text of a kernel; it is compiled for your GPU when it is checked.
 */
import { lesson } from '../../src/learn/index.ts'
import { fileOf } from '../../src/learn/paths.ts'
import { bestTime, type Kernel, kernelCall, lessonDevice } from '../../src/learn/wgsl.ts'
import { bars, table } from '../../src/plot/index.ts'
import { Generator } from '../../src/random.ts'
import { matmul } from '../../src/reference/matmul.ts'
import { loadWasm } from '../../src/wasm/index.ts'
import { createWebGpu } from '../../src/webgpu/index.ts'

/**
 * What all kernels here begin with, and how many rows and columns of C are one workgroup's (`tile`): with x the workgroups go along the
 * columns of C, with y along its rows.  a: [m, k], b: [k, n] -> c: [m, n]
 */
export function kernel(tile: number, main: string): Kernel {
  const head = `
    struct Size { m: u32, n: u32, k: u32 }
    @group(0) @binding(0) var<uniform> size: Size;
    @group(0) @binding(1) var<storage, read> a: array<f32>;
    @group(0) @binding(2) var<storage, read> b: array<f32>;
    @group(0) @binding(3) var<storage, read_write> c: array<f32>;

    // a_ip, b_pj; 0 outside the matrices
    fn loadA(i: u32, p: u32) -> f32 {
      if (i < size.m && p < size.k) { return a[i * size.k + p]; }
      return 0.0;
    }
    fn loadB(p: u32, j: u32) -> f32 {
      if (p < size.k && j < size.n) { return b[p * size.n + j]; }
      return 0.0;
    }
    // c_ij; outside the matrix nothing is stored
    fn storeC(i: u32, j: u32, value: f32) {
      if (i < size.m && j < size.n) { c[i * size.n + j] = value; }
    }`
  return { tile, head, main } // worked: read it, then go on
}

/** The sum of two matrices: a thread for each element, in workgroups of 16 × 16.  c_ij = a_ij + b_ij        a, b: [m, n] -> c: [m, n] */
export function add(): Kernel {
  return kernel(
    16,
    `
    @compute @workgroup_size(16, 16)
    fn main(@builtin(global_invocation_id) id: vec3u) {
      let i = id.y; // worked: row and column of this thread, counted over the whole grid
      let j = id.x;
      if (i >= size.m || j >= size.n) { return; } // the last workgroups reach beyond the edge of C
      c[i * size.n + j] = a[i * size.n + j] + b[i * size.n + j];
    }`,
  )
}

/**
 * The transpose, by tiles in workgroup memory: read along the rows of A and written along the rows of C, both side by side.
 * c_ij = a_ji        a: [n, m] -> c: [m, n]
 */
export function transpose(): Kernel {
  return kernel(
    16,
    `
    var<workgroup> tile: array<array<f32, 16>, 16>; // worked: the 256 threads of a workgroup share it

    @compute @workgroup_size(16, 16)
    fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
      let row = 16u * group.y; // where the tile of C begins
      let column = 16u * group.x;
      if (column + local.y < size.n && row + local.x < size.m) {
        tile[local.y][local.x] = a[(column + local.y) * size.m + row + local.x];
      }
      workgroupBarrier(); // all wait here until all have come: then the tile is full
      storeC(row + local.y, column + local.x, tile[local.x][local.y]); // which another thread has loaded
    }`,
  )
}

/**
 * The product as it is defined: one thread for one element, in workgroups of 16 × 16 (tile: 16).
 * c_ij = Σ_p a_ip · b_pj        a: [m, k], b: [k, n] -> c: [m, n]
 */
export function multiplyByElements(): Kernel {
  return kernel(
    16,
    `
    @compute @workgroup_size(16, 16)
    fn main(@builtin(global_invocation_id) id: vec3u) {
      let i = id.y;
      let j = id.x;
      if (i >= size.m || j >= size.n) { return; }
      var sum = 0.0;
      for (var p = 0u; p < size.k; p++) {
        sum += a[i * size.k + p] * b[p * size.n + j];
      }
      c[i * size.n + j] = sum;
    }`,
  )
}

/**
 * One thread for one element still (tile: 16). For every 16 steps of p the workgroup loads a tile of A and one of B, [16, 16] each, a number of both for
 * each thread; all wait; each adds 16 products; all wait, before the next tiles are loaded.  a: [m, k], b: [k, n] -> c: [m, n]
 */
export function multiplyByTiles(): Kernel {
  return kernel(
    16,
    `
    var<workgroup> tileA: array<array<f32, 16>, 16>;
    var<workgroup> tileB: array<array<f32, 16>, 16>;

    @compute @workgroup_size(16, 16)
    fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) local: vec3u) {
      var sum = 0.0;
      for (var start = 0u; start < size.k; start += 16u) {
        tileA[local.y][local.x] = loadA(id.y, start + local.x);
        tileB[local.y][local.x] = loadB(start + local.y, id.x);
        workgroupBarrier();
        for (var p = 0u; p < 16u; p++) {
          sum += tileA[local.y][p] * tileB[p][local.x];
        }
        workgroupBarrier();
      }
      storeC(id.y, id.x, sum);
    }`,
  )
}

/**
 * 16 × 16 threads with 4 × 4 sums each: 64 × 64 elements of C (tile: 64). For every 16 steps of p the workgroup loads 64 rows of A and 64 columns of B,
 * 1,024 numbers of both; then, for each p, a thread fetches 4 numbers of both and adds 16 products.  a: [m, k], b: [k, n] -> c: [m, n]
 */
export function multiplyByRegisters(): Kernel {
  return kernel(
    64,
    `
    var<workgroup> tileA: array<array<f32, 64>, 16>; // for each p, 64 rows
    var<workgroup> tileB: array<array<f32, 64>, 16>; // for each p, 64 columns

    @compute @workgroup_size(16, 16)
    fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u,
            @builtin(local_invocation_index) thread: u32) {
      let row = 64u * group.y;
      let column = 64u * group.x;
      var sums: array<array<f32, 4>, 4>;
      for (var start = 0u; start < size.k; start += 16u) {
        for (var e = thread; e < 1024u; e += 256u) {
          tileA[e % 16u][e / 16u] = loadA(row + e / 16u, start + e % 16u);
          tileB[e / 64u][e % 64u] = loadB(start + e / 64u, column + e % 64u);
        }
        workgroupBarrier();
        for (var p = 0u; p < 16u; p++) {
          var b4: array<f32, 4>;
          for (var s = 0u; s < 4u; s++) { b4[s] = tileB[p][4u * local.x + s]; }
          for (var r = 0u; r < 4u; r++) {
            let a_r = tileA[p][4u * local.y + r];
            for (var s = 0u; s < 4u; s++) { sums[r][s] += a_r * b4[s]; }
          }
        }
        workgroupBarrier();
      }
      for (var r = 0u; r < 4u; r++) {
        for (var s = 0u; s < 4u; s++) {
          storeC(row + 4u * local.y + r, column + 4u * local.x + s, sums[r][s]);
        }
      }
    }`,
  )
}

/**
 * The same 64 × 64 elements (tile: 64), by vectors of four: a thread puts one vec4f into each tile, and fetches two for each p. Four numbers of A,
 * one below the other, and four of B, side by side, make 16 products.  a: [m, k], b: [k, n] -> c: [m, n]
 */
export function multiplyByVectors(): Kernel {
  return kernel(
    64,
    `
    var<workgroup> tileA: array<array<vec4f, 16>, 16>; // for each p, 16 times four rows
    var<workgroup> tileB: array<array<vec4f, 16>, 16>; // for each p, 16 times four columns

    @compute @workgroup_size(16, 16)
    fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) local: vec3u) {
      let i = 4u * id.y; // the first row and column of this thread
      let j = 4u * id.x;
      var sums: array<vec4f, 4>;
      for (var start = 0u; start < size.k; start += 16u) {
        let pa = start + local.x;
        let pb = start + local.y;
        tileA[local.x][local.y] = vec4f(loadA(i, pa), loadA(i + 1u, pa), loadA(i + 2u, pa), loadA(i + 3u, pa));
        tileB[local.y][local.x] = vec4f(loadB(pb, j), loadB(pb, j + 1u), loadB(pb, j + 2u), loadB(pb, j + 3u));
        workgroupBarrier();
        for (var p = 0u; p < 16u; p++) {
          let a4 = tileA[p][local.y];
          let b4 = tileB[p][local.x];
          sums[0] += a4.x * b4;
          sums[1] += a4.y * b4;
          sums[2] += a4.z * b4;
          sums[3] += a4.w * b4;
        }
        workgroupBarrier();
      }
      for (var r = 0u; r < 4u; r++) {
        for (var s = 0u; s < 4u; s++) {
          storeC(i + r, j + s, sums[r][s]);
        }
      }
    }`,
  )
}

await lesson(import.meta, async ({ show, print, status, options }) => {
  show(
    [
      '  the grid: all of C           a workgroup: a tile of C       a thread: an element',
      '',
      '     0     1     2   x         · · · · · · · · · · · · ·',
      '   ┌─────┬─────┬─────┐         · · · · · · · · · · · · ·      i = id.y      row',
      ' 0 │     │     │     │         · · · · · · · · · · · · ·      j = id.x      column',
      '   ├─────┼─────┼─────┤         · · · · · · · · · · · · ·',
      ' 1 │     │  ■──┼─────┼──────▶  · · · · · · ■─·─·─·─·─·─────▶  sum ← sum + a_ip · b_pj',
      '   ├─────┼─────┼─────┤         · · · · · · · · · · · · ·',
      ' 2 │     │     │     │         · · · · · · · · · · · · ·',
      '   └─────┴─────┴─────┘         16 × 16 threads',
      ' y',
      '  global memory                workgroup memory               registers',
      '  a, b, c                      var<workgroup>                 let, var',
      '  seen by all                  seen by its 256 threads        seen by one thread',
      '  gigabytes, far away          16 KiB, near                   some 250 bytes, at hand',
    ].join('\n'),
    'Where a thread is, and where its numbers lie. The further to the right, the faster.',
  )
  const device = await lessonDevice()
  const { vendor, architecture, description, isFallbackAdapter: isSoftware } = device.adapterInfo
  print('', `The adapter: ${[vendor, architecture, description].filter((word) => word !== '').join(', ')}`)
  if (isSoftware)
    print(
      'It is software: the kernels run on the processor, where all memories are one. They can be checked here, but their times say little.',
    )

  // Are the four products right? Whole numbers, so that all sums are exact.
  const stages = [
    { name: 'elements', call: kernelCall(multiplyByElements, fileOf(import.meta)), far: 2, near: 0 },
    { name: 'tiles', call: kernelCall(multiplyByTiles, fileOf(import.meta)), far: 2 / 16, near: 2 },
    { name: 'registers', call: kernelCall(multiplyByRegisters, fileOf(import.meta)), far: 2 / 64, near: 8 / 16 },
    { name: 'vectors', call: kernelCall(multiplyByVectors, fileOf(import.meta)), far: 2 / 64, near: 2 / 16 },
  ]
  const generator = new Generator(options.seed)
  const whole = (length: number) => generator.uniform(new Float32Array(length), -3.5, 3.5).map(Math.round)
  const size = () => 1 + Math.floor(generator.uniform(new Float32Array(1), 0, 99)[0])
  const shapes = [[16, 16, 16], [1, 65, 1], [70, 5, 33], ...Array.from({ length: 5 }, () => [size(), size(), size()])]
  const mistake = async ({ name, call }: (typeof stages)[number]): Promise<string | undefined> => {
    for (const [m, n, k] of shapes) {
      status(`${name}: [${m}, ${k}] × [${k}, ${n}] …`)
      const [a, b] = [whole(m * k), whole(k * n)]
      try {
        const c = await call(a, b, m, n, k)
        const expected = matmul(a, b, { m, n, k })
        if (c.some((c_ij, at) => c_ij !== expected[at])) return `wrong for [${m}, ${k}] × [${k}, ${n}]`
      } catch (error) {
        return error instanceof Error ? error.message : String(error)
      }
    }
    return undefined
  }
  const right: typeof stages = []
  for (const stage of stages) {
    const wrong = await mistake(stage)
    if (wrong === undefined) right.push(stage)
    else print(`${stage.name} is not timed: ${wrong}`)
  }
  status('')
  print(`${right.length} of 4 products are right: ${shapes.length} shapes each, against the definition.`, '')

  // How fast are they? The best of some rounds, on matrices that lie on the device already.
  const n = (isSoftware ? 256 : 2048) / (options.quick ? 2 : 1)
  const patience = options.quick ? 200 : 600
  const rows: Row[] = []
  const measured = (name: string, ms: number, far = Number.NaN, near = Number.NaN) =>
    rows.push({ name, far, near, ms, gflops: (2 * n ** 3) / ms / 1e6 })
  status('wasm …')
  measured('the library, wasm', await wasmTime(n, patience))
  for (const { name, call, far, near } of right) {
    status(`${name} …`)
    measured(name, await call.time(n, patience), far, near)
  }
  status('the library …')
  measured('the library, webgpu', await libraryTime(device, n, patience))
  status('')
  const count = (value: number) => (Number.isNaN(value) ? '' : value)
  show(
    table(
      ['', 'global loads', 'workgroup loads', 'ms', 'GFLOP/s'],
      rows.map(({ name, far, near, ms, gflops }) => [name, count(far), count(near), ms, gflops]),
      { digits: 3 },
    ),
    `[${n}, ${n}] × [${n}, ${n}]. Loads are counted for one multiply-add.`,
  )
  print('')
  const onDevice = rows.slice(1)
  show(
    bars(
      onDevice.map(({ name }) => name),
      onDevice.map(({ gflops }) => gflops),
      { title: 'GFLOP/s on the adapter: thousand million multiplications and additions in a second', digits: 2 },
    ),
  )
})

interface Row {
  readonly name: string
  /** Loads from global and from workgroup memory, for one multiply-add. */
  readonly far: number
  readonly near: number
  readonly ms: number
  readonly gflops: number
}

/** Milliseconds of the library's product on this device. */
async function libraryTime(device: GPUDevice, n: number, patienceMs: number): Promise<number> {
  const { gpu, kernels } = await createWebGpu({ device })
  const [a, b] = [0, 1].map(() => kernels.upload(new Float32Array(n * n).fill(0.5)))
  const run = (times: number) => {
    for (let i = 0; i < times; i++) kernels.release(kernels.matmul(a, b, { m: n, n, k: n }))
    gpu.commands.flush()
  }
  return bestTime(run, device, patienceMs)
}

/** Milliseconds of the library's product on the processor, with all its threads: the best of some rounds. */
async function wasmTime(n: number, patienceMs: number): Promise<number> {
  const kernels = await loadWasm()
  const [a, b] = [0, 1].map(() => kernels.upload(new Float32Array(n * n).fill(0.5)))
  const end = performance.now() + patienceMs
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 3 || performance.now() < end; round++) {
    const before = performance.now()
    const c = kernels.matmul(a, b, { m: n, n, k: n })
    least = Math.min(least, performance.now() - before)
    kernels.release(c)
  }
  return least
}
