import { eachSource, runEach } from './each.ts'
import type { Gpu } from './gpu.ts'
import type { GpuArray } from './memory.ts'
import type { Source } from './program.ts'

/** The weights, the gradients, and what is kept for them: a list each, of one array for every parameter. */
export type Lists<Kept extends string = string> = Readonly<Record<'w' | 'dw' | Kept, readonly GpuArray[]>>

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

/**
 * Updates all parameters, one dispatch for each. A dispatch has a binding for every array, and no more than eight of them everywhere: all parameters at once would have
 * to lie in one buffer. Nor is anything gained by it, since the dispatches go to the device in one submission, and none waits for another.
 */
export function runUpdate(gpu: Gpu, source: Source, lists: Lists, params: Readonly<Record<string, number>>): void {
  for (const i of lists.w.keys()) {
    const arrays = Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, list[i]]))
    runEach(gpu, source, lists.w[i].length, arrays, params)
  }
}
