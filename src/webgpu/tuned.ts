/**
 * What each tile of `tiles.ts` does, in GFLOP/s: one workgroup alone, and a device full of them. What a copy does, in GB/s; what a kernel costs that does nothing, in µs.
 * `npm run bench -- --tune webgpu` measures them on its adapter and writes this file. From: estimates for a large GPU, by the reads of workgroup memory per product.
 */
export const RATES = {
  large: { alone: 200, full: 40000 },
  medium: { alone: 120, full: 30000 },
  small: { alone: 50, full: 15000 },
  largeByQuads: { alone: 0, full: 0 },
  mediumByQuads: { alone: 0, full: 0 },
  smallByQuads: { alone: 0, full: 0 },
  wide: { alone: 20, full: 6000 },
  tall: { alone: 20, full: 6000 },
}
export const COPY = 1000
export const LAUNCH = 5
