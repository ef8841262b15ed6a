export type { EarlyStoppingOptions } from './early-stopping.ts'
export { fit, type History } from './fit.ts'
export type { Batches, EpochReport, FitOptions } from './options.ts'
