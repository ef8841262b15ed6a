import type { Module } from './module.ts'

type AnyModule = Module<unknown[], unknown>

/** Runs fn, and tells `seen` what each of these modules gives, in the order in which they give it: inner ones before those that they are part of. */
export function observe<T>(
  modules: Iterable<readonly [path: string, module: AnyModule]>,
  seen: (path: string, module: AnyModule, output: unknown) => void,
  fn: () => T,
): T {
  const restore = new Map<AnyModule, () => void>()
  for (const [path, module] of modules) {
    if (restore.has(module)) continue // one module in two places has one name, as in `namedParameters`
    const own = Object.getOwnPropertyDescriptor(module, 'forward') // mostly none: it is a method of the class
    const forward = module.forward
    module.forward = (...inputs: unknown[]) => {
      const output = forward.apply(module, inputs)
      seen(path, module, output)
      return output
    }
    restore.set(module, () => {
      Reflect.deleteProperty(module, 'forward')
      if (own) Object.defineProperty(module, 'forward', own)
    })
  }
  try {
    return fn()
  } finally {
    for (const undo of restore.values()) undo()
  }
}
