import { diabetes as diabetesTable } from '../../data/diabetes.ts'
import { digits as digitsTable } from '../../data/digits.ts'
import { iris as irisTable } from '../../data/iris.ts'
import type { ClassificationTable, Table } from '../../data/table.ts'
import { type Tensor, tensor } from '../tensor/index.ts'

/** A data set in two tensors: one row of x and one number of y per sample. */
export interface LabelledData {
  /** [N, features] float32 */
  x: Tensor
  /** [N]: int32 classes, or float32 numbers to predict */
  y: Tensor
  featureNames: readonly string[]
}

export interface ClassData extends LabelledData {
  /** The names of classes 0, 1, ... */
  targetNames: readonly string[]
}

function labelled({ rows, columns, features, target, featureNames }: Table & { target: Float32Array | Int32Array }): LabelledData {
  return { x: tensor(features).reshape(rows, columns), y: tensor(target), featureNames }
}

const classes = (table: ClassificationTable): ClassData => ({ ...labelled(table), targetNames: table.targetNames })

/** 150 irises of three species, four measures each in cm (Fisher 1936).        x: [150, 4], y: [150] */
export const iris = (): ClassData => classes(irisTable())

/** 1,797 handwritten digits of 8 × 8 pixels, each from 0 to 16 (Alpaydin & Kaynak 1998).        x: [1797, 64], y: [1797] */
export const digits = (): ClassData => classes(digitsTable())

/** 442 patients with ten measures, and how their diabetes had progressed a year later (Efron et al. 2004).        x: [442, 10], y: [442] */
export const diabetes = (): LabelledData => labelled(diabetesTable())
