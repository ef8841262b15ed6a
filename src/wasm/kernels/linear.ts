import type { LinearKernels } from '../../reference/linear.ts'
import type { WasmArray } from '../memory.ts'
import { codeOf } from './activation.ts'
import type { Core } from './core.ts'
import { type MatmulExports, productScratch, runProduct, runWeights } from './matmul.ts'
import { type ReductionExports, runSum, sumScratch } from './reduction.ts'

export function linear(core: Core<MatmulExports & ReductionExports>): LinearKernels<WasmArray> {
  const { memory } = core

  return {
    linear(x, w, b, { m, k, n, activation }) {
      memory.begin('linear', x, w, b)
      const y = memory.allocate(x.dtype, m * n)
      const scratch = memory.scratch(productScratch(core, { m, k, n }))
      const [px, pb, py] = [x, b, y].map((array) => memory.address(array))
      runWeights(core, { x: px, b: pb, activation: codeOf({ activation }), y: py, m, k, n }, w, scratch)
      return y
    },
    linearBackward(dy, x, w, { m, k, n }, needs) {
      memory.begin('linearBackward', dy, x, w)
      // Those that stay are placed first: dx is soon used up, and leaves its place whole.
      const dw = needs[1] ? memory.allocate(dy.dtype, n * k) : null
      const db = needs[2] ? memory.allocate(dy.dtype, n) : null
      const dx = needs[0] ? memory.allocate(dy.dtype, m * k) : null
      const [ofX, ofW, ofB] = [
        { m, k: n, n: k },
        { m: n, k: m, n: k },
        { outer: 1, n: m, inner: n },
      ]
      const scratch = memory.scratch(Math.max(productScratch(core, ofX), productScratch(core, ofW), sumScratch(core, ofB)))
      const [pdy, px, pw] = [dy, x, w].map((array) => memory.address(array))
      if (dx) runProduct(core, { a: pdy, b: pw, c: memory.address(dx), ...ofX }, scratch) // dx = dy · w
      if (dw) runProduct(core, { a: pdy, transA: true, b: px, c: memory.address(dw), ...ofW }, scratch) // dw = dyᵀ · x
      if (db) runSum(core, pdy, memory.address(db), ofB, scratch) // db = Σ_rows dy
      return [dx, dw, db]
    },
  }
}
