import type { LinearKernels } from '../../reference/linear.ts'
import { type Gemm, runGemm } from '../gemm.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import { product } from './matmul.ts'

/** db_j = Σ_i 1 · dy_ij: the sum over the rows as a product with a row of ones. */
const sumOfRows: Gemm = {
  name: 'linearBackward',
  reads: { dy: 'f32' },
  writes: { db: 'f32' },
  a: { along: 'k', load: 'return 1.0;' },
  b: { along: 'across', load: 'return dy[k * p.n + i];' },
  store: 'db[j] = value;',
}

export function linear(gpu: Gpu): LinearKernels<GpuArray> {
  const name = 'linearBackward'
  return {
    linear: (x, w, b, { m, k, n }) => product(gpu, 'linear', x, w, { m, k, n, transB: true }, b),
    linearBackward(dy, x, w, { m, k, n }, needs) {
      const dx = needs[0] ? product(gpu, name, dy, w, { m, k: n, n: k }) : null // dx = dy · w
      const dw = needs[1] ? product(gpu, name, dy, x, { m: n, k: m, n: k, transA: true }) : null // dw = dyᵀ · x
      const db = needs[2] ? gpu.allocate(name, 'float32', n) : null
      if (db) runGemm(gpu, sumOfRows, { m: 1, n, k: m, batch: 1 }, { dy, db })
      return [dx, dw, db]
    },
  }
}
