/** Packages that come without types: as much of them as is used. */

declare module '*/webgpu/index.js' {
  export function create(options: readonly string[]): GPU
  export const globals: object
}

declare module 'ml-cart' {
  export class DecisionTreeClassifier {
    constructor(options: { gainFunction: 'gini'; minNumSamples: number; gainThreshold: number })
    train(x: number[][], y: number[]): void
    predict(x: number[][]): number[]
  }
}

declare module 'ml-knn' {
  export default class KNN {
    constructor(x: number[][], y: number[], options: { k: number })
    predict(x: number[][]): number[]
  }
}
