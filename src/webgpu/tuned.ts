/**
 * What each tile of `tiles.ts` does, in GFLOP/s: one workgroup alone, and a device full of them; and what a copy does, in GB/s. `npm run bench -- --tune webgpu`
 * writes this file anew from measurements on the adapter that it finds. These numbers are estimates for a large GPU, from the reads of workgroup memory per product.
 */
export const ADAPTER = 'estimates for a large GPU'
export const RATES = {
  large: { alone: 200, full: 40_000 },
  medium: { alone: 120, full: 30_000 },
  small: { alone: 50, full: 15_000 },
  wide: { alone: 20, full: 6_000 },
  tall: { alone: 20, full: 6_000 },
} as const
export const COPY = 1_000
