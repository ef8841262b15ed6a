import { expect } from '../errors.ts'
import type { Axis } from '../reference/axes.ts'
import { MAX_AXES } from './program.ts'

/**
 * `placesOf(i)`: where element i of a walk along the parameters' axes stands in the two arrays. The outermost axis comes first; a single one costs no division.
 */
export const walk = {
  params: { axes: 'axes', rank: 'u32' },
  declarations: `
fn placesOf(i: u32) -> vec2i {
  var at = vec2i(0);
  var rest = i;
  for (var k = p.rank - 1u; k > 0u; k--) {
    let axis = p.axes[k];
    let n = u32(axis.x);
    at += i32(rest % n) * axis.yz;
    rest /= n;
  }
  return at + i32(rest) * p.axes[0].yz;
}`,
} as const

/** The axes as these parameters. */
export function walkParams(operation: string, axes: readonly Axis[]) {
  expect(axes.length <= MAX_AXES, operation, () => `a GPU walks ${MAX_AXES} axes at most that cannot be joined, got ${axes.length}`)
  return { axes: axes.map(({ n, a, b }) => [n, a, b, 0]), rank: Math.max(1, axes.length) }
}
