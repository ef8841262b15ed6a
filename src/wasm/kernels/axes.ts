import type { Shape } from '../../reference/array.ts'
import type { WasmMemory } from '../memory.ts'

/** One axis along which two arrays are walked: its length, and the stride of each array in elements. */
export interface Axis {
  n: number
  a: number
  b: number
}

/** The axes of a walk, without those of length 1; neighbours that are one run in both arrays are joined. */
export function mergeAxes(shape: Shape, a: readonly number[], b: readonly number[]): Axis[] {
  const axes: Axis[] = []
  for (let i = 0; i < shape.length; i++) {
    if (shape[i] === 1) continue
    const outer = axes.at(-1)
    if (outer && outer.a === a[i] * shape[i] && outer.b === b[i] * shape[i]) {
      outer.n *= shape[i]
      outer.a = a[i]
      outer.b = b[i]
    } else {
      axes.push({ n: shape[i], a: a[i], b: b[i] })
    }
  }
  return axes
}

const SINGLE: Axis = { n: 1, a: 0, b: 0 }
const BYTES = 4

/**
 * Runs a kernel that walks three axes over any number of them: the three innermost are its own, it is called once for each place on the others,
 * whose offsets in bytes it is told, along with the number of elements that came before. `axes` points to the struct of assembly/axes.ts.
 */
export function walkAxes(memory: WasmMemory, axes: Axis[], run: (a: number, b: number, done: number, axes: number) => void): void {
  const inner = [SINGLE, SINGLE, SINGLE, ...axes].slice(-3)
  const outer = axes.slice(0, -3)
  const struct = memory.scratch(9 * BYTES)
  memory.int32.set([...inner.map(({ n }) => n), ...inner.map(({ a }) => a), ...inner.map(({ b }) => b)], struct / BYTES)
  const size = inner[0].n * inner[1].n * inner[2].n
  let done = 0
  const visit = (axis: number, a: number, b: number): void => {
    if (axis === outer.length) {
      run(a * BYTES, b * BYTES, done, struct)
      done += size
      return
    }
    const { n, a: stepA, b: stepB } = outer[axis]
    for (let i = 0; i < n; i++) visit(axis + 1, a + i * stepA, b + i * stepB)
  }
  visit(0, 0, 0)
}
