export * from './activations.ts'
export * as init from './init.ts'
export * from './layers.ts'
export { Module, Parameter } from './module.ts'
