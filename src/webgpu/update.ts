import { eachSource } from './each.ts'
import type { Source } from './program.ts'

/**
 * A kernel that changes w and the buffers in place. The body finds g = dw + λ·w; every parameter is a float32 number, among them the `weightDecay` λ.
 */
export function updateSource(name: string, buffers: readonly string[], params: readonly string[], body: string): Source {
  const floats = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 'f32' as const]))
  return eachSource(name, {
    reads: { dw: 'f32' },
    writes: floats(['w', ...buffers]),
    params: floats([...params, 'weightDecay']),
    body: `let g = dw[i] + p.weightDecay * w[i];${body}`,
  })
}
