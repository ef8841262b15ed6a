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
const STRUCT = 9 * BYTES

/** Writes the struct of assembly/axes.ts, and returns its address. */
export function writeAxes(memory: WasmMemory, axis0: Axis, axis1: Axis, axis2: Axis): number {
  const address = memory.scratch(STRUCT)
  const { int32 } = memory
  const at = address / BYTES
  int32[at] = axis0.n
  int32[at + 1] = axis1.n
  int32[at + 2] = axis2.n
  int32[at + 3] = axis0.a
  int32[at + 4] = axis1.a
  int32[at + 5] = axis2.a
  int32[at + 6] = axis0.b
  int32[at + 7] = axis1.b
  int32[at + 8] = axis2.b
  return address
}

/** The struct of a walk along a single axis. */
export function writeAxis(memory: WasmMemory, n: number, a: number, b: number): number {
  return writeAxes(memory, SINGLE, SINGLE, { n, a, b })
}

/**
 * Runs a kernel that walks three axes over any number of them: the three innermost are its own, it is called once for each place on the others,
 * whose offsets in bytes it is told, along with the number of elements that came before. `struct` is where the axes stand.
 */
export function walkAxes(memory: WasmMemory, axes: Axis[], run: (a: number, b: number, done: number, struct: number) => void): void {
  const inner = axes.slice(-3)
  while (inner.length < 3) inner.unshift(SINGLE)
  const struct = writeAxes(memory, inner[0], inner[1], inner[2])
  const size = inner[0].n * inner[1].n * inner[2].n
  const outer = axes.length - 3
  let done = 0
  const visit = (axis: number, a: number, b: number): void => {
    if (axis >= outer) {
      run(a * BYTES, b * BYTES, done, struct)
      done += size
      return
    }
    const { n, a: stepA, b: stepB } = axes[axis]
    for (let i = 0; i < n; i++) visit(axis + 1, a + i * stepA, b + i * stepB)
  }
  visit(0, 0, 0)
}
