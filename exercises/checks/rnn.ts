import fc from 'fast-check'
import { checks } from '../../src/learn/check.ts'
import * as draw from '../../src/learn/draw.ts'
import type * as lesson from '../solutions/rnn.ts'
import { bptt, forward, type Matrix, norm, scaled, step, stepBackward, times, truncatedBptt, type Weights } from '../solutions/rnn.ts'
import {
  type Dh,
  piece,
  startsOf,
  summedWalk,
  total,
  walk,
  withCarried,
  withGradient,
  withSlope,
  withStates,
} from './recurrent/mistakes.ts'
import {
  close,
  isSlope,
  lossOf,
  mapped,
  nonzero,
  numbers,
  outer,
  plus,
  sequence,
  sized,
  transposed,
  vec,
  weightsOf,
  zeros,
} from './recurrent/sequences.ts'

const TORCH = 'PyTorch 1.13, nn.RNN in float64'
const WEIGHTS: Weights = {
  wIh: [vec(0.5, -0.25), vec(0.75, 1)],
  wHh: [vec(0.25, 0.5), vec(-0.75, 0.375)],
  bIh: vec(0.125, -0.25),
  bHh: vec(0, 0.375),
}
const XS = [vec(1, 0.5), vec(-0.5, 0.25), vec(0.75, -1), vec(0.25, 0.5), vec(-1, 0.125)]
const DHS = [vec(0.5, -1), vec(0.25, 0), vec(-0.75, 0.5), vec(1, 0.25), vec(0.125, -0.5)]
const HS = [
  vec(0.5, -0.25),
  vec(0.46211715726000974, 0.7193275010198336),
  vec(0.28001010750004507, -0.07668918006112652),
  vec(0.6536572889903164, -0.5014684682203596),
  vec(0.03766226566690996, 0.13340637495288693),
  vec(-0.31863870244162684, -0.4448163813449751),
]

/** The weighted sums a of a step. */
const sums = ({ wIh, wHh, bIh, bHh }: Weights, x: Float64Array, hBefore: Float64Array) => plus(times(wIh, x), bIh, times(wHh, hBefore), bHh)

export default checks<typeof lesson>({
  step: {
    hints: [
      'Two weighted sums and two biases meet in every neuron. Where does tanh come, before or after they are added?',
      'h_j = tanh(Σ_i W_ih[j][i] · x_i + b_ih[j] + Σ_i W_hh[j][i] · hBefore_i + b_hh[j])',
      'const fromInput = times(weights.wIh, …)\nconst fromState = times(weights.wHh, …)\nreturn hBefore.map((_, j) => Math.tanh(fromInput[j] + … + fromState[j] + …))',
    ],
    inputs: sized((n) => fc.tuple(weightsOf(n), nonzero(n), nonzero(n))),
    laws: {
      'every answer lies between -1 and 1': (f, weights, x, hBefore) => f(weights, x, hBefore).every((h_j) => Math.abs(h_j) < 1),
      'it is odd: with the signs of x, h and the biases turned, so is the answer': (f, weights, x, hBefore) => {
        const minus = (v: Float64Array) => v.map((value) => -value)
        const turned = f({ ...weights, bIh: minus(weights.bIh), bHh: minus(weights.bHh) }, minus(x), minus(hBefore))
        return f(weights, x, hBefore).every((h_j, j) => close(h_j, -turned[j], 1e-12))
      },
    },
    frozen: [{ args: [WEIGHTS, XS[0], HS[0]], gives: HS[1], from: TORCH }],
    mutants: {
      'tanh is missing: those are the weighted sums': (weights, x, hBefore) => sums(weights, x, hBefore),
      'the bias b_hh is missing': (weights, x, hBefore) => step({ ...weights, bHh: zeros(weights.bHh) }, x, hBefore),
      'the bias b_ih is missing': (weights, x, hBefore) => step({ ...weights, bIh: zeros(weights.bIh) }, x, hBefore),
      'W_hh is transposed: w[i][j] where it should be w[j][i]': (weights, x, hBefore) =>
        step({ ...weights, wHh: transposed(weights.wHh) }, x, hBefore),
      'W_ih is transposed: w[i][j] where it should be w[j][i]': (weights, x, hBefore) =>
        step({ ...weights, wIh: transposed(weights.wIh) }, x, hBefore),
      'the state is missing: the step depends on x alone': (weights, x, hBefore) => step(weights, x, zeros(hBefore)),
      'x and h have changed places: W_ih belongs to x, W_hh to h': (weights, x, hBefore) => step(weights, hBefore, x),
      'two tanh are added; it should be one tanh of the whole sum': (weights, x, hBefore) =>
        plus(plus(times(weights.wIh, x), weights.bIh).map(Math.tanh), plus(times(weights.wHh, hBefore), weights.bHh).map(Math.tanh)),
      'only the part of the input goes through tanh': (weights, x, hBefore) =>
        plus(plus(times(weights.wIh, x), weights.bIh).map(Math.tanh), times(weights.wHh, hBefore), weights.bHh),
      'that is the sigmoid; it should be tanh': (weights, x, hBefore) => sums(weights, x, hBefore).map((a) => 1 / (1 + Math.exp(-a))),
      'the old state is added to the new one': (weights, x, hBefore) => plus(step(weights, x, hBefore), hBefore),
    },
  },
  forward: {
    hints: [
      'Each step begins where the last one has ended. Begin the list of states with h0, and let it grow.',
      'hs[0] = h0;  for t = 0 … T - 1: hs[t + 1] = step(weights, xs[t], hs[t])',
      'const hs = [h0]\nfor (let t = 0; t < xs.length; t++) hs.push(step(weights, …, hs[…]))\nreturn hs',
    ],
    inputs: sequence.map(([weights, xs, hs]): [Weights, Matrix, Float64Array] => [weights, xs, hs[0]]),
    laws: {
      'without inputs only h0 is left': (f, weights, _, h0) => f(weights, [], h0).length === 1,
      'an earlier state does not depend on later inputs': (f, weights, xs, h0) => {
        const short = f(weights, xs.slice(0, -1), h0)
        return short.every((h, t) => h.every((h_j, j) => h_j === f(weights, xs, h0)[t][j]))
      },
    },
    frozen: [{ args: [WEIGHTS, XS, HS[0]], gives: HS, from: TORCH }],
    mutants: {
      'h0 is missing at the front': (weights, xs, h0) => forward(weights, xs, h0).slice(1),
      'every step begins with h0; it should begin with the state of the step before': (weights, xs, h0) => [
        h0,
        ...xs.map((x) => step(weights, x, h0)),
      ],
      'h0 is not used: the first step begins with zeros': (weights, xs, h0) => [h0, ...forward(weights, xs, zeros(h0)).slice(1)],
      'the sequence is read from its end': (weights, xs, h0) => forward(weights, xs.toReversed(), h0),
      'the states are in reverse order': (weights, xs, h0) => forward(weights, xs, h0).reverse(),
      'every step reads the first input; it should read xs[t]': (weights, xs, h0) =>
        forward(
          weights,
          xs.map(() => xs[0]),
          h0,
        ),
      'the first input is left out (t starts at 1)': (weights, xs, h0) => forward(weights, xs.slice(1), h0),
      'the last input is left out': (weights, xs, h0) => forward(weights, xs.slice(0, -1), h0),
      'only the last state is there; all of them should be': (weights, xs, h0) => forward(weights, xs, h0).slice(-1),
    },
  },
  stepBackward: {
    hints: [
      'The chain rule, from the answer to the sum, and from the sum to all that went into it. backprop had the same three products.',
      'da_j = dh_j · (1 - h_j²);  dW_ih[j][i] = da_j · x_i,  dW_hh[j][i] = da_j · hBefore_i,  db = da;  dhBefore_i = Σ_j W_hh[j][i] · da_j',
      'const da = dh.map((dh_j, j) => dh_j * (1 - …))\nconst outer = (v: Float64Array) => Array.from(da, (da_j) => v.map((v_i) => …))\nreturn {\n  gradient: { wIh: outer(…), wHh: outer(…), bIh: da, bHh: da },\n  dhBefore: hBefore.map((_, i) => da.reduce((sum, da_j, j) => sum + weights.wHh[…][…] * da_j, 0)),\n}',
    ],
    inputs: sized((n) => fc.tuple(weightsOf(n), nonzero(n), nonzero(n), nonzero(n))).map(
      ([weights, dh, x, hBefore]): Parameters<typeof stepBackward> => [weights, dh, x, hBefore, step(weights, x, hBefore)],
    ),
    laws: {
      'the gradient is the slope of Σ_j dh_j · h_j by every weight': (f, weights, dh, x, hBefore, h) =>
        isSlope(f(weights, dh, x, hBefore, h).gradient, weights, lossOf([x], hBefore, [dh])),
      'dhBefore is the slope of Σ_j dh_j · h_j by the state before': (f, weights, dh, x, hBefore, h) => {
        const loss = (i: number, by: number) => lossOf([x], hBefore.with(i, hBefore[i] + by), [dh])(weights)
        return f(weights, dh, x, hBefore, h).dhBefore.every((d, i) => close(d, (loss(i, 1e-5) - loss(i, -1e-5)) / 2e-5))
      },
    },
    frozen: [
      {
        args: [WEIGHTS, DHS[0], XS[0], HS[0], HS[1]],
        gives: {
          gradient: {
            wIh: [vec(0.3932238664829637, 0.19661193324148185), vec(-0.48256794627656135, -0.24128397313828068)],
            wHh: [vec(0.19661193324148185, -0.09830596662074093), vec(-0.24128397313828068, 0.12064198656914034)],
            bIh: vec(0.3932238664829637, -0.48256794627656135),
            bHh: vec(0.3932238664829637, -0.48256794627656135),
          },
          dhBefore: vec(0.46023192632816196, 0.015648953387771343),
        },
        from: TORCH,
      },
    ],
    mutants: {
      "tanh is taken once more: 1 - tanh²(h) where tanh'(a) = 1 - h²; h is already tanh(a)": withSlope((h_j) => 1 - Math.tanh(h_j) ** 2),
      "tanh' is missing: da = dh": withSlope(() => 1),
      "the square is missing: 1 - h where tanh' = 1 - h²": withSlope((h_j) => 1 - h_j),
      "that is the sigmoid's slope, h · (1 - h); tanh has 1 - h²": withSlope((h_j) => h_j * (1 - h_j)),
      "tanh' is taken at the state before; it should be taken at h": withSlope((_, before_j) => 1 - before_j ** 2),
      'dhBefore goes through W_hh; back it should be W_hhᵀ, w[j][i] summed over j': withCarried((da, { wHh }) => times(wHh, da)),
      'dhBefore goes through W_ih; the state came in by W_hh': withCarried((da, { wIh }) => times(transposed(wIh), da)),
      "dhBefore is W_hhᵀ · dh: it should be W_hhᵀ · da, with tanh'": withCarried((_, { wHh }, dh) => times(transposed(wHh), dh)),
      'dhBefore is da: W_hhᵀ is missing': withCarried((da) => da),
      'dW_hh is off by one step: da · h_tᵀ where it should be da · h_t-1ᵀ': withGradient(({ bIh: da }, _weights, _dh, _x, _before, h) => ({
        wHh: outer(da, h),
      })),
      'dW_ih and dW_hh have changed places': withGradient(({ wIh, wHh }) => ({ wIh: wHh, wHh: wIh })),
      'dW are transposed: x · daᵀ where it should be da · xᵀ; a row belongs to a neuron': withGradient(({ wIh, wHh }) => ({
        wIh: transposed(wIh),
        wHh: transposed(wHh),
      })),
      'the gradient of the biases is missing: it is da, for their input is 1': withGradient(({ bIh }) => ({
        bIh: zeros(bIh),
        bHh: zeros(bIh),
      })),
      'the gradient of b_hh is missing: it is da, as for b_ih': withGradient(({ bHh }) => ({ bHh: zeros(bHh) })),
      "the biases get dh; it should be da, with tanh'": withGradient((_, _weights, dh) => ({ bIh: dh, bHh: dh })),
    },
  },
  bptt: {
    hints: [
      'Go from the last step to the first. Two things are kept on the way: the sum of the gradients, and what one step hands to the step before.',
      'dh = dhs[t] + carried;  back = stepBackward(weights, dh, xs[t], hs[t], hs[t + 1]);  gradient += back.gradient;  carried = back.dhBefore',
      'let gradient = scaled(weights, 0)\nlet carried = new Float64Array(weights.bHh.length)\nfor (let t = xs.length - 1; t >= 0; t--) {\n  const dh = dhs[t].map((dh_j, j) => dh_j + …)\n  const back = stepBackward(weights, dh, xs[t], hs[…], hs[…])\n  gradient = added(…, …)\n  carried = Float64Array.from(…)\n}\nreturn gradient',
    ],
    inputs: sequence,
    laws: {
      'it is the slope of Σ_t dhs[t] · hs[t + 1] by every weight': (f, weights, xs, hs, dhs) =>
        isSlope(f(weights, xs, hs, dhs), weights, lossOf(xs, hs[0], dhs)),
      'twice the gradient by the states gives twice the gradient by the weights': (f, weights, xs, hs, dhs) => {
        const twice = numbers(
          f(
            weights,
            xs,
            hs,
            dhs.map((dh) => dh.map((dh_j) => 2 * dh_j)),
          ),
        )
        return numbers(f(weights, xs, hs, dhs)).every((g, i) => close(2 * g, twice[i], 1e-12))
      },
    },
    frozen: [
      {
        args: [WEIGHTS, XS, HS, DHS],
        gives: {
          wIh: [vec(0.41534435163619865, 0.9594270117025565), vec(0.468069614757444, -1.1213399831141455)],
          wHh: [vec(0.6627547140374507, -1.0135406407020826), vec(0.1470158028324518, 0.0761523240371329)],
          bIh: vec(0.8515161313654, 0.29255210787953556),
          bHh: vec(0.8515161313654, 0.29255210787953556),
        },
        from: TORCH,
      },
    ],
    mutants: {
      'nothing is carried back: dh should be dhs[t] + dhBefore of the step after': summedWalk((own) => own),
      'the gradient is overwritten in every step: only that of step 0 is left; it should be added up': (...args) =>
        walk(args)[args[1].length - 1],
      'only the last step counts: the loop ends too early': (...args) => walk(args)[0],
      'only the gradient by the last state is sent back; each state has one of its own, dhs[t]': summedWalk((own, carried, isLast) =>
        isLast ? own : carried,
      ),
      'step 0 is left out (t >= 0)': (...args) => total(walk(args).slice(0, -1), args[0]),
      'what is carried keeps adding up: carried = back.dhBefore, not carried + back.dhBefore': (...args) => {
        let sum = zeros(args[0].bHh)
        const dhOf: Dh = (own, carried) => {
          sum = plus(sum, carried)
          return plus(own, sum)
        }
        return summedWalk(dhOf)(...args)
      },
      'it goes from the first step to the last; the gradient comes from the end': (weights, xs, hs, dhs) => {
        let carried = zeros(weights.bHh)
        const found = xs.map((x, t) => {
          const back = stepBackward(weights, plus(dhs[t], carried), x, hs[t], hs[t + 1])
          carried = Float64Array.from(back.dhBefore)
          return back.gradient
        })
        return total(found, weights)
      },
      'the states are off by one: step t goes from hs[t] to hs[t + 1], and hs[t + 1] stands for both here': summedWalk(undefined, [1, 1]),
      'the states are off by one: step t goes from hs[t] to hs[t + 1], and hs[t] stands for both here': summedWalk(undefined, [0, 0]),
      'hs[t] and hs[t + 1] have changed places: the state before comes first': summedWalk(undefined, [1, 0]),
      'it is divided by the number of steps; the gradients are added up': (...args) => scaled(bptt(...args), 1 / args[1].length),
    },
  },
  truncatedBptt: {
    hints: [
      'You have bptt. What does it do with a piece of the sequence, and the states that belong to it?',
      'for start = 0, k, 2k, …: gradient += bptt(weights, xs[start … end), hs[start … end], dhs[start … end)),  end = start + k',
      'let gradient = scaled(weights, 0)\nfor (let start = 0; start < xs.length; start += k) {\n  const end = start + k\n  gradient = added(gradient, bptt(weights, xs.slice(start, end), hs.slice(start, …), dhs.slice(start, …)))\n}\nreturn gradient',
    ],
    inputs: fc.tuple(sequence, fc.integer({ min: 1, max: 4 })).map(([args, k]): Parameters<typeof truncatedBptt> => [...args, k]),
    laws: {
      'one window for all is bptt itself': (f, weights, xs, hs, dhs) => {
        const whole = numbers(bptt(weights, xs, hs, dhs))
        return numbers(f(weights, xs, hs, dhs, xs.length)).every((g, i) => close(g, whole[i], 1e-12))
      },
      'it is the slope of the loss with the states at the beginnings of the windows held fast': (f, weights, xs, hs, dhs, k) =>
        isSlope(f(weights, xs, hs, dhs, k), weights, (w) =>
          startsOf(xs.length, k).reduce(
            (sum, start) => sum + lossOf(xs.slice(start, start + k), hs[start], dhs.slice(start, start + k))(w),
            0,
          ),
        ),
    },
    frozen: [
      {
        args: [WEIGHTS, XS, HS, DHS, 2],
        gives: {
          wIh: [vec(0.16662646386282867, 1.1822357461363748), vec(0.6481735646879043, -0.9577707507401552)],
          wHh: [vec(0.8729159056013308, -0.39960754662596276), vec(0.16065962718420082, -0.13254624602315462)],
          bIh: vec(1.3877665383417388, 0.23442924483602284),
          bHh: vec(1.3877665383417388, 0.23442924483602284),
        },
        from: `${TORCH}, the state detached after every second step`,
      },
    ],
    mutants: {
      'nothing is cut: that is bptt over the whole sequence': (weights, xs, hs, dhs) => bptt(weights, xs, hs, dhs),
      'the windows are counted from the end, so that the first is the short one; they begin at 0, k, 2k, …': (weights, xs, hs, dhs, k) => {
        const ends = startsOf(xs.length, k).map((start) => xs.length - start)
        return total(
          ends.map((end) => piece([weights, xs, hs, dhs], Math.max(0, end - k), end)),
          weights,
        )
      },
      'only the last k steps count; all windows should': (weights, xs, hs, dhs, k) =>
        piece([weights, xs, hs, dhs], Math.max(0, xs.length - k)),
      'only the first window counts; the others are missing': (weights, xs, hs, dhs, k) => piece([weights, xs, hs, dhs], 0, k),
      'only the last window is left: the gradient is overwritten; it should be added up': (weights, xs, hs, dhs, k) =>
        piece([weights, xs, hs, dhs], startsOf(xs.length, k).at(-1) ?? 0),
      'the last window is dropped where it is shorter than k': (weights, xs, hs, dhs, k) => {
        const end = xs.length - (xs.length % k)
        return truncatedBptt(weights, xs.slice(0, end), hs.slice(0, end + 1), dhs.slice(0, end), k)
      },
      'every window begins with a state of zeros: only the way back is cut, the states run through': withStates((inputs, weights) =>
        forward(weights, inputs, zeros(weights.bHh)),
      ),
      'every window begins with h0: hs.slice(0, …) where it should be hs.slice(start, …)': withStates((inputs, _, hs) =>
        hs.slice(0, inputs.length + 1),
      ),
      'nothing is carried back at all: that is k = 1': (weights, xs, hs, dhs) => truncatedBptt(weights, xs, hs, dhs, 1),
      'the windows have k + 1 steps': (weights, xs, hs, dhs, k) => truncatedBptt(weights, xs, hs, dhs, k + 1),
      'k is taken for the number of windows; it is how many steps a window has': (weights, xs, hs, dhs, k) =>
        truncatedBptt(weights, xs, hs, dhs, Math.ceil(xs.length / k)),
      'the windows overlap: start grows by 1 where it should grow by k': (weights, xs, hs, dhs, k) =>
        total(
          xs.map((_, start) => piece([weights, xs, hs, dhs], start, start + k)),
          weights,
        ),
    },
  },
  clip: {
    hints: [
      'Only a gradient that is too long is touched. By which one factor does its length become maxNorm?',
      'where ‖g‖ > maxNorm: g · maxNorm / ‖g‖;  else g',
      'const length = norm(gradient)\nreturn length > maxNorm ? scaled(gradient, … / …) : gradient',
    ],
    inputs: sized((n) =>
      fc.tuple(weightsOf(n), draw.number({ min: 0.25, max: 4 }), fc.constantFrom(0.25, 1, 4)).map(([gradient, maxNorm, factor]) => {
        const args: [Weights, number] = [scaled(gradient, factor), maxNorm]
        return args
      }),
    ),
    tolerance: 1e-6, // PyTorch adds 1e-6 to the norm
    laws: {
      'it is never longer than maxNorm': (f, gradient, maxNorm) => norm(f(gradient, maxNorm)) <= maxNorm * (1 + 1e-6),
      'the direction stays: each number keeps its share of the length': (f, gradient, maxNorm) => {
        const clipped = f(gradient, maxNorm)
        const before = numbers(gradient)
        return numbers(clipped).every((g, i) => close(g * norm(gradient), before[i] * norm(clipped), 1e-5))
      },
      'a gradient of zeros stays one': (f, gradient, maxNorm) => numbers(f(scaled(gradient, 0), maxNorm)).every((g) => Math.abs(g) === 0),
    },
    frozen: [
      {
        args: [{ wIh: [vec(3, 0), vec(0, -4)], wHh: [vec(0, 1), vec(2, 0)], bIh: vec(1.5, 0.5), bHh: vec(-1, 2) }, 1.5],
        gives: {
          wIh: [vec(0.7348468028349731, 0), vec(0, -0.9797957371132974)],
          wHh: [vec(0, 0.24494893427832434), vec(0.4898978685566487, 0)],
          bIh: vec(0.36742340141748653, 0.12247446713916217),
          bHh: vec(-0.24494893427832434, 0.4898978685566487),
        },
        from: 'PyTorch 1.13, nn.utils.clip_grad_norm_',
      },
    ],
    mutants: {
      'nothing is clipped': (gradient) => gradient,
      'a short gradient is made longer, up to maxNorm; it should stay as it is': (gradient, maxNorm) =>
        scaled(gradient, maxNorm / norm(gradient)),
      'every number is clipped by itself, and the direction changes; scale all of them by one factor': (gradient, maxNorm) =>
        mapped(gradient, (g) => Math.max(-maxNorm, Math.min(maxNorm, g))),
      'every matrix and bias is clipped by its own length; take them all together': (gradient, maxNorm) => {
        const factor = (numbers: number[]) => Math.min(1, maxNorm / Math.hypot(...numbers))
        const rows = (w: Matrix) => w.map((row) => row.map((g) => g * factor(w.flatMap((r) => [...r]))))
        const bias = (b: Float64Array) => b.map((g) => g * factor([...b]))
        return { wIh: rows(gradient.wIh), wHh: rows(gradient.wHh), bIh: bias(gradient.bIh), bHh: bias(gradient.bHh) }
      },
      'the fraction is upside down: maxNorm / ‖g‖, not ‖g‖ / maxNorm': (gradient, maxNorm) =>
        norm(gradient) > maxNorm ? scaled(gradient, norm(gradient) / maxNorm) : gradient,
      'a long gradient gets length 1; it should get length maxNorm': (gradient, maxNorm) =>
        norm(gradient) > maxNorm ? scaled(gradient, 1 / norm(gradient)) : gradient,
      'a long gradient is multiplied by maxNorm; divide by its length, too': (gradient, maxNorm) =>
        norm(gradient) > maxNorm ? scaled(gradient, maxNorm) : gradient,
      'a long gradient is thrown away; it should be made shorter': (gradient, maxNorm) =>
        norm(gradient) > maxNorm ? scaled(gradient, 0) : gradient,
      'the comparison is turned around: short gradients are made longer, long ones stay': (gradient, maxNorm) =>
        norm(gradient) < maxNorm ? scaled(gradient, maxNorm / norm(gradient)) : gradient,
      'it is divided by ‖g‖², the sum of the squares; the root is missing': (gradient, maxNorm) =>
        scaled(gradient, Math.min(1, maxNorm / norm(gradient) ** 2)),
      'the length is taken as Σ |g|; it is √(Σ g²)': (gradient, maxNorm) =>
        scaled(gradient, Math.min(1, maxNorm / numbers(gradient).reduce((sum, g) => sum + Math.abs(g), 0))),
    },
  },
})
