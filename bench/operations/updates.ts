import type { Kernels } from '../../src/kernels.ts'
import type { Family, OperationBench } from './operation.ts'

const N = 200_000
const ADAM = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 }

/** One update of 200,000 weights in place: the weights and `states` arrays read and written, the gradient read. */
function update(
  name: string,
  states: number,
  into: <A>(k: Kernels<A>, w: A[], dw: A[], state: A[][], step: number) => void,
): OperationBench {
  return {
    name: `${name} 200k`,
    bytes: 4 * N * (2 * (1 + states) + 1),
    task: (k, inputs) => {
      const [w, dw] = [[inputs.numbers(N)], [inputs.numbers(N)]]
      const state = Array.from({ length: states }, () => [inputs.zeros(N)])
      let step = 0
      return () => {
        into(k, w, dw, state, ++step)
        return null
      }
    },
  }
}

export const updates: Family = {
  name: 'optimiser updates',
  operations: [
    update('SGD, momentum', 1, (k, w, dw, [velocity], step) =>
      k.sgdInto(w, dw, velocity, { lr: 1e-3, momentum: 0.9, dampening: 0, nesterov: false, weightDecay: 0, step }),
    ),
    update('Adam', 2, (k, w, dw, [m, v], step) => k.adamInto(w, dw, m, v, null, { ...ADAM, step })),
    update('AdamW', 2, (k, w, dw, [m, v], step) => k.adamwInto(w, dw, m, v, null, { ...ADAM, weightDecay: 0.01, step })),
    update('NAdam', 2, (k, w, dw, [m, v], step) =>
      k.nadamInto(w, dw, m, v, { ...ADAM, step, mu: 0.9, muNext: 0.9, muProduct: 0.9 ** step, muProductNext: 0.9 ** (step + 1) }),
    ),
    update('RMSprop', 1, (k, w, dw, [v]) =>
      k.rmspropInto(w, dw, v, null, null, { lr: 1e-3, alpha: 0.99, eps: 1e-8, weightDecay: 0, momentum: 0 }),
    ),
    update('Adagrad', 1, (k, w, dw, [sum], step) => k.adagradInto(w, dw, sum, { lr: 1e-3, lrDecay: 0, eps: 1e-10, weightDecay: 0, step })),
    update('Adadelta', 2, (k, w, dw, [v, u]) => k.adadeltaInto(w, dw, v, u, { lr: 1, rho: 0.9, eps: 1e-6, weightDecay: 0 })),
  ],
}
