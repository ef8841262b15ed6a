import type { Column, Rows } from './input.ts'

/**
 * What all estimators have in common: how they are judged and copied. Whatever takes data returns a promise, because a tensor may have to be
 * read from a GPU; whatever is an array comes as a tensor, whatever is one number as a number.
 */
export interface Estimator {
  /** A classifier's score is its accuracy, a regressor's its r², a clusterer's the negative inertia. */
  readonly kind: 'classifier' | 'regressor' | 'clusterer'
  /** Learns anew: nothing of an earlier fit remains. */
  fit(x: Rows, y: Column): Promise<this>
  /** The greater the better. */
  score(x: Rows, y: Column): Promise<number>
  /** One with the same options that has not been fitted. */
  clone(): Estimator
}
