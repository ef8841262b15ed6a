import type { Work } from '../serve.ts'

/** Work that a peer has nothing for: whoever asks is told why. */
export function cannot(reason: string, names: readonly string[]): Work {
  return Object.fromEntries(
    names.map((name) => [
      name,
      () => {
        throw new Error(reason)
      },
    ]),
  )
}
