import type { LinearKernels } from '../../reference/linear.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'
import type { MatmulExports } from './matmul.ts'
import type { ReductionExports } from './reduction.ts'

export interface LinearExports {
  spreadRows(b: number, y: number, m: number, n: number): void
}

export function linear({ exports, memory }: Core<LinearExports & MatmulExports & ReductionExports>): LinearKernels<WasmArray> {
  const { matmul, matmulScratch, spreadRows, sum } = exports
  const sumScratch = exports.sumScratch()

  return {
    linear(x, w, b, { m, k, n }) {
      memory.begin('linear', x, w, b)
      const y = memory.allocate(x.dtype, m * n)
      const scratch = memory.scratch(matmulScratch(m, n, k))
      const py = memory.address(y)
      spreadRows(memory.address(b), py, m, n)
      matmul(memory.address(x), k, 0, 0, memory.address(w), k, 1, 0, py, n, 1, 0, m, n, k, 1, scratch) // y += x · wᵀ
      return y
    },
    linearBackward(dy, x, w, { m, k, n }, needs) {
      memory.begin('linearBackward', dy, x, w)
      const dx = needs[0] ? memory.allocate(dy.dtype, m * k) : null
      const dw = needs[1] ? memory.allocate(dy.dtype, n * k) : null
      const db = needs[2] ? memory.allocate(dy.dtype, n) : null
      const scratch = memory.scratch(Math.max(matmulScratch(m, k, n), matmulScratch(n, k, m), sumScratch))
      const pdy = memory.address(dy)
      if (dx) matmul(pdy, n, 0, 0, memory.address(w), k, 0, 0, memory.address(dx), k, 0, 0, m, k, n, 1, scratch) // dx = dy · w
      if (dw) matmul(pdy, n, 1, 0, memory.address(x), k, 0, 0, memory.address(dw), k, 0, 0, n, k, m, 1, scratch) // dw = dyᵀ · x
      if (db) sum(pdy, memory.address(db), 1, m, n, scratch) // db = Σ_rows dy
      return [dx, dw, db]
    },
  }
}
