/** Gradus: the public surface. */
export * as data from './data/index.ts'
export { GradusError } from './errors.ts'
export * as nn from './nn/index.ts'
export { summary } from './nn/summary.ts'
export * as optim from './optim/index.ts'
export * as plot from './plot/index.ts'
export { manualSeed } from './random.ts'
export * from './tensor/index.ts'
