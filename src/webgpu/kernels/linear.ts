import type { LinearKernels } from '../../reference/linear.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import { product } from './matmul.ts'
import { reduction } from './reduction.ts'

export function linear(gpu: Gpu): LinearKernels<GpuArray> {
  const { sum } = reduction(gpu)
  const name = 'linearBackward'
  return {
    linear: (x, w, b, o) => product(gpu, 'linear', x, w, { ...o, transB: true }, b),
    linearBackward: (dy, x, w, { m, k, n }, needs) => [
      needs[0] ? product(gpu, name, dy, w, { m, k: n, n: k }) : null, // dx = dy · w
      needs[1] ? product(gpu, name, dy, x, { m: n, k: m, n: k, transA: true }) : null, // dw = dyᵀ · x
      needs[2] ? sum(dy, { outer: 1, n: m, inner: n }) : null, // db = Σ_rows dy
    ],
  }
}
