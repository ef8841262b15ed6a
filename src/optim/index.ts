export { Adam, type AdamOptions } from './adam.ts'
export { Optimizer, type OptimizerState, type ParameterGroup } from './optimizer.ts'
export { SGD, type SGDOptions } from './sgd.ts'
