import { attention } from './attention.ts'
import { convolution } from './convolution.ts'
import { elementwise } from './elementwise.ts'
import { estimators } from './estimators.ts'
import { gather } from './gather.ts'
import { normalization } from './normalization.ts'
import type { Family } from './operation.ts'
import { pooling } from './pooling.ts'
import { products } from './products.ts'
import { recurrent } from './recurrent.ts'
import { rows } from './rows.ts'
import { updates } from './updates.ts'

/** Every family of kernels that there is. */
export const families: readonly Family[] = [
  products,
  elementwise,
  rows,
  convolution,
  pooling,
  normalization,
  recurrent,
  attention,
  updates,
  gather,
  estimators,
]
