import type { FloatArray } from '../random.ts'

/** The class with the greatest share in each row, the smallest of several        shares: [N, C], classes: [C] -> [N] */
export function mostLikely(shares: FloatArray, classes: Int32Array): Int32Array {
  const c = classes.length
  return Int32Array.from({ length: shares.length / c }, (_, i) => {
    let best = 0
    for (let k = 1; k < c; k++) if (shares[i * c + k] > shares[i * c + best]) best = k
    return classes[best]
  })
}
