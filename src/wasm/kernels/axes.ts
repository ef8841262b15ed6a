import type { Axis } from '../../reference/axes.ts'
import type { WasmMemory } from '../memory.ts'
import type { Kernel } from '../worker.ts'
import { COST, type Core, LINE } from './core.ts'

/** The arguments of a kernel that walks axes: how many bytes into a and b it starts, how many elements come before, and where the axes stand. */
export type ArgumentsOfWalk = (a: number, b: number, done: number, struct: number) => number[]

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

/** Runs a kernel that walks three axes; a large walk is cut along the first axis that is longer than 1. */
function runAxes(
  { memory, threads }: Core<unknown>,
  kernel: Kernel,
  [axis0, axis1, axis2]: readonly [Axis, Axis, Axis],
  argumentsOf: ArgumentsOfWalk,
  costOfOne: number = COST.simple,
): void {
  const size = axis0.n * axis1.n * axis2.n
  const cost = size * costOfOne
  if (threads.isSmall(cost)) {
    kernel(...argumentsOf(0, 0, 0, writeAxes(memory, axis0, axis1, axis2)))
    return
  }
  const cut = axis0.n > 1 ? axis0 : axis1.n > 1 ? axis1 : axis2
  const part = (axis: Axis, n: number): Axis => (axis === cut ? { ...axis, n } : axis)
  threads.run(kernel, { n: cut.n, step: cut === axis2 ? LINE : 1, cost }, (from, to) => {
    const struct = writeAxes(memory, part(axis0, to - from), part(axis1, to - from), part(axis2, to - from))
    return argumentsOf(from * cut.a * BYTES, from * cut.b * BYTES, (from * size) / cut.n, struct)
  })
}

/** Runs a kernel along a single axis. */
export function runAxis(core: Core<unknown>, kernel: Kernel, axis: Axis, argumentsOf: ArgumentsOfWalk): void {
  runAxes(core, kernel, [SINGLE, SINGLE, axis], argumentsOf)
}

/** Runs a kernel that walks three axes over any number of them: the three innermost are its own, it is called once for each place on the others. */
export function walkAxes(core: Core<unknown>, kernel: Kernel, axes: Axis[], argumentsOf: ArgumentsOfWalk, costOfOne?: number): void {
  const inner = [SINGLE, SINGLE, SINGLE, ...axes].slice(-3) as [Axis, Axis, Axis]
  if (axes.length <= 3) {
    runAxes(core, kernel, inner, argumentsOf, costOfOne)
    return
  }
  const size = inner[0].n * inner[1].n * inner[2].n
  const outer = axes.length - 3
  let done = 0
  const visit = (axis: number, a: number, b: number): void => {
    if (axis >= outer) {
      const before = done
      const shifted: ArgumentsOfWalk = (ofA, ofB, within, struct) => argumentsOf(a * BYTES + ofA, b * BYTES + ofB, before + within, struct)
      runAxes(core, kernel, inner, shifted, costOfOne)
      done += size
      return
    }
    const { n, a: stepA, b: stepB } = axes[axis]
    for (let i = 0; i < n; i++) visit(axis + 1, a + i * stepA, b + i * stepB)
  }
  visit(0, 0, 0)
}
