/** Gradus: the public surface. Pictures are a door of their own, `gradus/plot`, since they alone need a package; `fit` goes through it only when it draws. */
/** Gradus: the public surface. Pictures are a door of their own, `gradus/plot`, since they alone need a package. */
export * as classic from './classic/index.ts'
export * as data from './data/index.ts'
export { GradusError } from './errors.ts'
export * as evaluate from './evaluate/index.ts'
export * as io from './io/index.ts'
export * as nn from './nn/index.ts'
export { summary } from './nn/summary.ts'
export * as optim from './optim/index.ts'
export { manualSeed } from './random.ts'
export * from './tensor/index.ts'
export { type Batches, type EarlyStoppingOptions, type EpochReport, type FitOptions, fit, type History } from './train/index.ts'
