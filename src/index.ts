/** Gradus: the public surface. Pictures are a door of their own, `gradus/plot`, since they alone need a package. */
export * as data from './data/index.ts'
export { GradusError } from './errors.ts'
export * as io from './io/index.ts'
export * as nn from './nn/index.ts'
export { summary } from './nn/summary.ts'
export * as optim from './optim/index.ts'
export { manualSeed } from './random.ts'
export * from './tensor/index.ts'
