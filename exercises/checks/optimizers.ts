import fc from 'fast-check'
import { checks } from '../../src/learn/check.ts'
import * as draw from '../../src/learn/draw.ts'
import type * as lesson from '../solutions/optimizers.ts'
import { adadelta, adagrad, adam, descend, momentum, nesterov, rmsprop, type Weight } from '../solutions/optimizers.ts'

const TORCH = 'PyTorch 1.13, in float64: the gradients 1.5, -0.5 and 0.25 one after another'

const positive = draw.number({ min: 0.125, max: 4 })
const weight: fc.Arbitrary<Weight> = fc.record({ w: draw.number(), m: draw.number(), v: positive, u: positive })
const gradient = draw.number()
const rate = draw.number({ min: 0.125, max: 1 })
/** How much of a memory is kept. */
const share = draw.number({ min: 0.125, max: 0.875 })
/** Far larger than in use, so that it is seen where ε stands. */
const epsilon = draw.number({ min: 0.125, max: 1 })
const close = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b))

/** The same memories, with the weight moved the other way. */
const uphill = (s: Weight, after: Weight): Weight => ({ ...after, w: 2 * s.w - after.w })
const START: Weight = { w: 2, m: 0, v: 0, u: 0 }

export default checks<typeof lesson>({
  momentum: {
    hints: [
      'Two things change: first the velocity, then the weight, which moves by the new velocity.',
      "m' = μ·m + g,  w' = w - α·m'",
      'const m = mu * s.m + …\nreturn { ...s, m, w: s.w - lr * … }',
    ],
    inputs: fc.tuple(weight, gradient, rate, share),
    laws: {
      'without a memory (μ = 0) it is gradient descent': (f, s, g, lr) => close(f(s, g, lr, 0).w, descend(s, g, lr).w),
      'under a steady gradient the velocity comes to g / (1 - μ)': (f, s, g, lr, mu) =>
        close(f({ ...s, m: g / (1 - mu) }, g, lr, mu).m, g / (1 - mu)),
      'what it remembers of squares stays as it is': (f, s, g, lr, mu) => f(s, g, lr, mu).v === s.v && f(s, g, lr, mu).u === s.u,
    },
    frozen: [
      { args: [START, 1.5, 0.1, 0.9], gives: { ...START, w: 1.85, m: 1.5 }, from: `${TORCH}, optim.SGD(momentum=0.9), first step` },
      {
        args: [{ ...START, w: 1.765, m: 0.85 }, 0.25, 0.1, 0.9],
        gives: { ...START, w: 1.6635000000000002, m: 1.0150000000000001 },
        from: `${TORCH}, optim.SGD(momentum=0.9), third step`,
      },
    ],
    mutants: {
      "the weight goes uphill: w' = w - α·m'": (s, g, lr, mu) => uphill(s, momentum(s, g, lr, mu)),
      'the velocity is forgotten: give back the new m, too': (s, g, lr, mu) => ({ ...momentum(s, g, lr, mu), m: s.m }),
      'the weight stays where it was: only the velocity has changed': (s, g, lr, mu) => ({ ...momentum(s, g, lr, mu), w: s.w }),
      'the gradient is weighed by 1 - μ; that is a mean, and here the whole gradient is added': (s, g, lr, mu) =>
        momentum(s, (1 - mu) * g, lr, mu),
      'μ is missing: the velocity never fades': (s, g, lr) => momentum(s, g, lr, 1),
      'the weight moves by the old velocity m; it should be the new one': (s, g, lr, mu) => ({
        ...momentum(s, g, lr, mu),
        w: s.w - lr * s.m,
      }),
      'the gradient is missing in the velocity': (s, _, lr, mu) => momentum(s, 0, lr, mu),
      'μ weighs the gradient, too: μ·(m + g); it should be μ·m + g': (s, g, lr, mu) => momentum(s, mu * g, lr, mu),
      "α is in the velocity, m' = μ·m + α·g, and once more in the step": (s, g, lr, mu) => momentum(s, lr * g, lr, mu),
      "α is in the velocity, m' = μ·m + α·g; here the velocity is one of gradients, and α stands in the step": (s, g, lr, mu) => ({
        ...s,
        m: mu * s.m + lr * g,
        w: s.w - mu * s.m - lr * g,
      }),
      "that is m' = μ·m - α·g and w' = w + m', as some books have it; here m' = μ·m + g": (s, g, lr, mu) => ({
        ...s,
        m: mu * s.m - lr * g,
        w: s.w + mu * s.m - lr * g,
      }),
      'that is gradient descent: the velocity is not used': (s, g, lr) => descend(s, g, lr),
      "that is Nesterov's; momentum moves by the velocity alone": (s, g, lr, mu) => nesterov(s, g, lr, mu),
    },
  },
  nesterov: {
    hints: [
      'The velocity is that of momentum. Only the move differs: the gradient, and the new velocity behind it.',
      "m' = μ·m + g,  w' = w - α·(g + μ·m')",
      'const m = mu * s.m + g\nreturn { ...s, m, w: s.w - lr * (… + mu * …) }',
    ],
    inputs: fc.tuple(weight, gradient, rate, share),
    laws: {
      'it is the look-ahead of Nesterov, told from the place ahead w = θ - α·μ·m': (f, s, g, lr, mu) => {
        const after = f(s, g, lr, mu)
        const theta = s.w + lr * mu * s.m // where the weight is, without looking ahead
        const velocity = mu * s.m + g // g was taken ahead, at s.w
        return close(after.w, theta - lr * velocity - lr * mu * velocity) && close(after.m, velocity)
      },
      'without a memory (μ = 0) it is gradient descent': (f, s, g, lr) => close(f(s, g, lr, 0).w, descend(s, g, lr).w),
    },
    frozen: [
      { args: [START, 1.5, 0.1, 0.9], gives: { ...START, w: 1.715, m: 1.5 }, from: `${TORCH}, optim.SGD(nesterov=True), first step` },
      {
        args: [{ ...START, w: 1.6885, m: 0.85 }, 0.25, 0.1, 0.9],
        gives: { ...START, w: 1.5721500000000002, m: 1.0150000000000001 },
        from: `${TORCH}, optim.SGD(nesterov=True), third step`,
      },
    ],
    mutants: {
      "that is plain momentum, g + μ·m with the old velocity; here it is g + μ·m', with the new one": (s, g, lr, mu) =>
        momentum(s, g, lr, mu),
      "μ is missing in the step: g + m'; it should be g + μ·m'": (s, g, lr, mu) => ({
        ...nesterov(s, g, lr, mu),
        w: s.w - lr * (g + mu * s.m + g),
      }),
      "the gradient is missing in the step: μ·m'; it should be g + μ·m'": (s, g, lr, mu) => ({
        ...nesterov(s, g, lr, mu),
        w: s.w - lr * mu * (mu * s.m + g),
      }),
      "μ weighs the gradient, too: μ·(g + m'); it should be g + μ·m'": (s, g, lr, mu) => ({
        ...nesterov(s, g, lr, mu),
        w: s.w - lr * mu * (g + mu * s.m + g),
      }),
      "the weight goes uphill: w' = w - α·(…)": (s, g, lr, mu) => uphill(s, nesterov(s, g, lr, mu)),
      'the velocity is forgotten: give back the new m, too': (s, g, lr, mu) => ({ ...nesterov(s, g, lr, mu), m: s.m }),
      "g + μ·m' is kept as the velocity; the velocity is m' = μ·m + g": (s, g, lr, mu) => ({
        ...nesterov(s, g, lr, mu),
        m: g + mu * (mu * s.m + g),
      }),
      'the gradient is weighed by 1 - μ in the velocity; the whole of it is added': (s, g, lr, mu) => {
        const m = mu * s.m + (1 - mu) * g
        return { ...s, m, w: s.w - lr * (g + mu * m) }
      },
      "the velocity is minus α·g; here the velocity is one of gradients: m' = μ·m + g": (s, g, lr, mu) => {
        const m = mu * s.m - lr * g
        return { ...s, m, w: s.w + mu * m - lr * g }
      },
    },
  },
  adagrad: {
    hints: [
      'First add the square of the gradient to what is remembered. Then the step is shorter the larger that sum has become.',
      "v' = v + g²,  w' = w - α·g / (√v' + ε)",
      'const v = s.v + …\nreturn { ...s, v, w: s.w - (lr * g) / (Math.sqrt(…) + …) }',
    ],
    inputs: fc.tuple(weight, gradient, rate, epsilon),
    laws: {
      'no step is longer than α': (f, s, g, lr, eps) => Math.abs(f(s, g, lr, eps).w - s.w) <= lr + 1e-12,
      'equal gradients from the start give steps of α, α/√2, α/√3, ...': (f, s, _, lr) => {
        const first = f({ ...s, v: 0 }, 2, lr, 0)
        const second = f(first, 2, lr, 0)
        return close(s.w - first.w, lr) && close(first.w - second.w, lr / Math.SQRT2)
      },
    },
    frozen: [
      {
        args: [START, 1.5, 0.1, 1e-10],
        gives: { ...START, w: 1.9000000000066666, v: 2.25 },
        from: `${TORCH}, optim.Adagrad(lr=0.1), first step`,
      },
      {
        args: [{ ...START, w: 1.9316227766063503, v: 2.5 }, 0.25, 0.1, 1e-10],
        gives: { ...START, w: 1.9160054004184652, v: 2.5625 },
        from: `${TORCH}, optim.Adagrad(lr=0.1), third step`,
      },
    ],
    mutants: {
      'ε stands inside the root; it should be added after it: √v + ε': (s, g, lr, eps) =>
        divided(s, g, lr, s.v + g * g, (v) => Math.sqrt(v + eps)),
      'ε is missing: where no gradient ever came, 0 is divided by 0': (s, g, lr) => adagrad(s, g, lr, 0),
      'the root is missing: divide by √v + ε, not by v + ε': (s, g, lr, eps) => divided(s, g, lr, s.v + g * g, (v) => v + eps),
      'the gradient is not squared in the sum': (s, g, lr, eps) => divided(s, g, lr, s.v + g, (v) => Math.sqrt(v) + eps),
      'the sum begins anew: v = g²; it should be v + g²': (s, g, lr, eps) => adagrad({ ...s, v: 0 }, g, lr, eps),
      "it divides by the old sum; this step's g² belongs to it": (s, g, lr, eps) => ({
        ...adagrad(s, g, lr, eps),
        w: s.w - (lr * g) / (Math.sqrt(s.v) + eps),
      }),
      'the sum is forgotten: give back the new v, too': (s, g, lr, eps) => ({ ...adagrad(s, g, lr, eps), v: s.v }),
      "the weight goes uphill: w' = w - …": (s, g, lr, eps) => uphill(s, adagrad(s, g, lr, eps)),
      'g itself is missing in the step: α / (√v + ε) has no direction': (s, g, lr, eps) => {
        const v = s.v + g * g
        return { ...s, v, w: s.w - lr / (Math.sqrt(v) + eps) }
      },
    },
  },
  rmsprop: {
    hints: [
      'It is Adagrad with another memory: a mean in which the old squares fade, so that it can fall again.',
      "v' = ρ·v + (1 - ρ)·g²,  w' = w - α·g / (√v' + ε)",
      'const v = rho * s.v + (1 - rho) * …\nreturn { ...s, v, w: s.w - (lr * g) / (… + eps) }',
    ],
    inputs: fc.tuple(weight, gradient, rate, share, epsilon),
    laws: {
      'under a steady gradient the mean comes to g²': (f, s, g, lr, rho, eps) => close(f({ ...s, v: g * g }, g, lr, rho, eps).v, g * g),
      'in other units of the loss the step is the same': (f, s, g, lr, rho, eps) =>
        close(f({ ...s, v: 4 * s.v }, 2 * g, lr, rho, 2 * eps).w, f(s, g, lr, rho, eps).w),
    },
    frozen: [
      {
        args: [START, 1.5, 0.01, 0.99, 1e-8],
        gives: { ...START, w: 1.9000000066666662, v: 0.02250000000000002 },
        from: `${TORCH}, optim.RMSprop(), first step`,
      },
      {
        args: [{ ...START, w: 1.9317660515479926, v: 0.024775000000000023 }, 0.25, 0.01, 0.99, 1e-8],
        gives: { ...START, w: 1.9160025911231975, v: 0.025152250000000022 },
        from: `${TORCH}, optim.RMSprop(), third step`,
      },
    ],
    mutants: {
      'g² is not weighed: (1 - ρ)·g² is what makes it a mean': (s, g, lr, rho, eps) => adagrad({ ...s, v: rho * s.v }, g, lr, eps),
      'the shares are swapped: ρ belongs to the old v, 1 - ρ to g²': (s, g, lr, rho, eps) => rmsprop(s, g, lr, 1 - rho, eps),
      "that is Adagrad's sum; here the old squares fade: ρ·v": (s, g, lr, _, eps) => adagrad(s, g, lr, eps),
      'ε stands inside the root; it should be added after it: √v + ε': (s, g, lr, rho, eps) =>
        divided(s, g, lr, rho * s.v + (1 - rho) * g * g, (v) => Math.sqrt(v + eps)),
      'ε is missing: √v + ε': (s, g, lr, rho) => rmsprop(s, g, lr, rho, 0),
      'the root is missing: divide by √v + ε, not by v + ε': (s, g, lr, rho, eps) =>
        divided(s, g, lr, rho * s.v + (1 - rho) * g * g, (v) => v + eps),
      'the gradient is not squared in the mean': (s, g, lr, rho, eps) =>
        divided(s, g, lr, rho * s.v + (1 - rho) * g, (v) => Math.sqrt(v) + eps),
      'it divides by the root of the old mean; v comes first, then the step': (s, g, lr, rho, eps) => ({
        ...rmsprop(s, g, lr, rho, eps),
        w: s.w - (lr * g) / (Math.sqrt(s.v) + eps),
      }),
      'the mean is forgotten: give back the new v, too': (s, g, lr, rho, eps) => ({ ...rmsprop(s, g, lr, rho, eps), v: s.v }),
      "the weight goes uphill: w' = w - …": (s, g, lr, rho, eps) => uphill(s, rmsprop(s, g, lr, rho, eps)),
      '1 - ρ is squared together with g: ((1 - ρ)·g)²': (s, g, lr, rho, eps) =>
        divided(s, g, lr, rho * s.v + ((1 - rho) * g) ** 2, (v) => Math.sqrt(v) + eps),
    },
  },
  adadelta: {
    hints: [
      'Four lines in the order of the formula: the mean of the squares, the step, the mean of the squared steps, the weight.',
      "v' = ρ·v + (1 - ρ)·g²,  Δ = √(u + ε) / √(v' + ε) · g,  u' = ρ·u + (1 - ρ)·Δ²,  w' = w - α·Δ",
      'const v = rho * s.v + …\nconst delta = (Math.sqrt(s.u + …) / Math.sqrt(…)) * g\nreturn { ...s, v, u: rho * s.u + …, w: s.w - lr * delta }',
    ],
    inputs: fc.tuple(weight, gradient, rate, share, epsilon),
    laws: {
      'where there is no slope it stays, and its memories fade': (f, s, _, lr, rho, eps) => {
        const after = f(s, 0, lr, rho, eps)
        return after.w === s.w && close(after.v, rho * s.v) && close(after.u, rho * s.u)
      },
      'in other units of the loss the step is the same': (f, s, g, lr, rho) =>
        close(f({ ...s, v: 4 * s.v }, 2 * g, lr, rho, 0).w, f(s, g, lr, rho, 0).w),
      'in other units of w the step is the same, too': (f, s, g, lr, rho) =>
        close(2 * (f(s, g, lr, rho, 0).w - s.w), f({ ...s, v: s.v / 4, u: 4 * s.u }, g / 2, lr, rho, 0).w - s.w),
    },
    frozen: [
      {
        args: [START, 1.5, 1, 0.9, 1e-6],
        gives: { w: 1.9968377293670918, m: 0, v: 0.22499999999999995, u: 9.999955555753088e-7 },
        from: `${TORCH}, optim.Adadelta(), first step`,
      },
      {
        args: [{ w: 1.9983202230949753, m: 0, v: 0.22749999999999995, u: 1.119774765339173e-6 }, 0.25, 1, 0.9, 1e-6],
        gives: { w: 1.9975278264814749, m: 0, v: 0.21099999999999997, u: 1.0705865281139312e-6 },
        from: `${TORCH}, optim.Adadelta(), third step`,
      },
    ],
    mutants: {
      'ε is added after the roots; here it stands inside, √(u + ε) and √(v + ε)': (s, g, lr, rho, eps) =>
        paced(s, lr, rho, rho * s.v + (1 - rho) * g * g, (v) => ((Math.sqrt(s.u) + eps) / (Math.sqrt(v) + eps)) * g),
      'the fraction is upside down: √(u + ε) above, √(v + ε) below': (s, g, lr, rho, eps) =>
        paced(s, lr, rho, rho * s.v + (1 - rho) * g * g, (v) => (Math.sqrt(v + eps) / Math.sqrt(s.u + eps)) * g),
      'the roots are missing': (s, g, lr, rho, eps) =>
        paced(s, lr, rho, rho * s.v + (1 - rho) * g * g, (v) => ((s.u + eps) / (v + eps)) * g),
      'it divides by the root of the old v; v comes first, then the step': (s, g, lr, rho, eps) => {
        const delta = (Math.sqrt(s.u + eps) / Math.sqrt(s.v + eps)) * g
        return { ...s, v: rho * s.v + (1 - rho) * g * g, u: rho * s.u + (1 - rho) * delta * delta, w: s.w - lr * delta }
      },
      'u remembers g²; it should remember the steps, Δ²': (s, g, lr, rho, eps) => ({
        ...adadelta(s, g, lr, rho, eps),
        u: rho * s.u + (1 - rho) * g * g,
      }),
      'u remembers α·Δ; the steps are kept as they are before α': (s, g, lr, rho, eps) => {
        const after = adadelta(s, g, lr, rho, eps)
        return { ...after, u: rho * s.u + (1 - rho) * (s.w - after.w) ** 2 }
      },
      'Δ is not squared in u': (s, g, lr, rho, eps) => {
        const after = adadelta(s, g, lr, rho, eps)
        return { ...after, u: rho * s.u + ((1 - rho) * (s.w - after.w)) / lr }
      },
      'u is forgotten: give back the new u, too': (s, g, lr, rho, eps) => ({ ...adadelta(s, g, lr, rho, eps), u: s.u }),
      'v is forgotten: give back the new v, too': (s, g, lr, rho, eps) => ({ ...adadelta(s, g, lr, rho, eps), v: s.v }),
      'g² is not weighed by 1 - ρ in v': (s, g, lr, rho, eps) =>
        paced(s, lr, rho, rho * s.v + g * g, (v) => (Math.sqrt(s.u + eps) / Math.sqrt(v + eps)) * g),
      'Δ² is not weighed by 1 - ρ in u': (s, g, lr, rho, eps) => {
        const after = adadelta(s, g, lr, rho, eps)
        return { ...after, u: rho * s.u + ((s.w - after.w) / lr) ** 2 }
      },
      "the weight goes uphill: w' = w - α·Δ": (s, g, lr, rho, eps) => uphill(s, adadelta(s, g, lr, rho, eps)),
      'that is RMSprop: √(u + ε) is missing above the line': (s, g, lr, rho, eps) => rmsprop(s, g, lr, rho, eps),
      'the step is made with the new u; it is the old one that sets its length': (s, g, lr, rho, eps) => {
        const { v, u } = adadelta(s, g, lr, rho, eps)
        return { ...s, v, u, w: s.w - lr * (Math.sqrt(u + eps) / Math.sqrt(v + eps)) * g }
      },
    },
  },
  adam: {
    hints: [
      'Two means, of g and of g². They begin at 0 and are too small at first: the step takes them divided by 1 - βᵗ, the memory as they are.',
      "m' = β₁·m + (1 - β₁)·g,  v' = β₂·v + (1 - β₂)·g²\nm̂ = m' / (1 - β₁ᵗ),  v̂ = v' / (1 - β₂ᵗ)\nw' = w - α·m̂ / (√v̂ + ε)",
      'const m = beta1 * s.m + (1 - beta1) * g\nconst v = …\nconst mHat = m / (1 - beta1 ** t)\nconst vHat = …\nreturn { ...s, m, v, w: s.w - (lr * mHat) / (… + eps) }',
    ],
    inputs: fc.tuple(weight, gradient, rate, share, share, epsilon, fc.integer({ min: 1, max: 5 })),
    laws: {
      'the first step is α·g / (|g| + ε), whatever the βs': (f, s, g, lr, beta1, beta2, eps) =>
        close(s.w - f({ ...s, m: 0, v: 0 }, g, lr, beta1, beta2, eps, 1).w, (lr * g) / (Math.abs(g) + eps)),
      'under a steady gradient every step is as long as the first': (f, s, g, lr, beta1, beta2, eps) => {
        const first = f({ ...s, m: 0, v: 0 }, g, lr, beta1, beta2, eps, 1)
        const second = f(first, g, lr, beta1, beta2, eps, 2)
        return close(second.w - first.w, first.w - s.w)
      },
      'in other units of the loss the step is the same': (f, s, g, lr, beta1, beta2, eps, t) =>
        close(f({ ...s, m: 2 * s.m, v: 4 * s.v }, 2 * g, lr, beta1, beta2, 2 * eps, t).w, f(s, g, lr, beta1, beta2, eps, t).w),
    },
    frozen: [
      {
        args: [START, 1.5, 0.05, 0.9, 0.999, 1e-8, 1],
        gives: { w: 1.9500000003333333, m: 0.14999999999999997, v: 0.002250000000000002, u: 0 },
        from: `${TORCH}, optim.Adam(lr=0.05), first step`,
      },
      {
        args: [{ w: 1.929989071914631, m: 0.08499999999999999, v: 0.002497750000000002, u: 0 }, 0.25, 0.05, 0.9, 0.999, 1e-8, 3],
        gives: { w: 1.9097178019590564, m: 0.10149999999999999, v: 0.002557752250000002, u: 0 },
        from: `${TORCH}, optim.Adam(lr=0.05), third step`,
      },
    ],
    mutants: {
      'the correction is missing: m and v begin at 0, and are too small at first': (s, g, lr, beta1, beta2, eps) =>
        stepped(s, g, lr, beta1, beta2, eps, (m, v) => [m, v]),
      'only m is corrected; v begins at 0, too': (s, g, lr, beta1, beta2, eps, t) =>
        stepped(s, g, lr, beta1, beta2, eps, (m, v) => [m / (1 - beta1 ** t), v]),
      'only v is corrected; m begins at 0, too': (s, g, lr, beta1, beta2, eps, t) =>
        stepped(s, g, lr, beta1, beta2, eps, (m, v) => [m, v / (1 - beta2 ** t)]),
      't is counted from 0: then 1 - β⁰ = 0 divides at the first step; t is 1 there already': (s, g, lr, beta1, beta2, eps, t) =>
        adam(s, g, lr, beta1, beta2, eps, t - 1),
      't is one too large: it counts from 1 already': (s, g, lr, beta1, beta2, eps, t) => adam(s, g, lr, beta1, beta2, eps, t + 1),
      'the correction is 1 - β, at every step; it should be 1 - βᵗ (beta ** t)': (s, g, lr, beta1, beta2, eps) =>
        adam(s, g, lr, beta1, beta2, eps, 1),
      'β is multiplied by t; it should be raised to it: beta ** t': (s, g, lr, beta1, beta2, eps, t) =>
        stepped(s, g, lr, beta1, beta2, eps, (m, v) => [m / (1 - beta1 * t), v / (1 - beta2 * t)]),
      'it multiplies by 1 - βᵗ; it should divide, to make the means larger': (s, g, lr, beta1, beta2, eps, t) =>
        stepped(s, g, lr, beta1, beta2, eps, (m, v) => [m * (1 - beta1 ** t), v * (1 - beta2 ** t)]),
      'g is not weighed by 1 - β₁ in m': (s, g, lr, beta1, beta2, eps, t) => {
        const [m, v] = [beta1 * s.m + g, beta2 * s.v + (1 - beta2) * g * g]
        return { ...s, m, v, w: s.w - (lr * m) / (1 - beta1 ** t) / (Math.sqrt(v / (1 - beta2 ** t)) + eps) }
      },
      'g² is not weighed by 1 - β₂ in v': (s, g, lr, beta1, beta2, eps, t) => {
        const [m, v] = [beta1 * s.m + (1 - beta1) * g, beta2 * s.v + g * g]
        return { ...s, m, v, w: s.w - (lr * m) / (1 - beta1 ** t) / (Math.sqrt(v / (1 - beta2 ** t)) + eps) }
      },
      'the gradient is not squared in v': (s, g, lr, beta1, beta2, eps, t) => {
        const [m, v] = [beta1 * s.m + (1 - beta1) * g, beta2 * s.v + (1 - beta2) * g]
        return { ...s, m, v, w: s.w - (lr * m) / (1 - beta1 ** t) / (Math.sqrt(v / (1 - beta2 ** t)) + eps) }
      },
      'β₁ and β₂ are swapped': (s, g, lr, beta1, beta2, eps, t) => adam(s, g, lr, beta2, beta1, eps, t),
      'ε stands inside the root; it should be added after it: √v̂ + ε': (s, g, lr, beta1, beta2, eps, t) => {
        const { m, v } = adam(s, g, lr, beta1, beta2, eps, t)
        return { ...s, m, v, w: s.w - (lr * m) / (1 - beta1 ** t) / Math.sqrt(v / (1 - beta2 ** t) + eps) }
      },
      'ε is added to √v before it is corrected; correct v first: √v̂ + ε': (s, g, lr, beta1, beta2, eps, t) => {
        const { m, v } = adam(s, g, lr, beta1, beta2, eps, t)
        return { ...s, m, v, w: s.w - ((lr * m) / (1 - beta1 ** t) / (Math.sqrt(v) + eps)) * Math.sqrt(1 - beta2 ** t) }
      },
      'the root is missing: divide by √v̂ + ε, not by v̂ + ε': (s, g, lr, beta1, beta2, eps, t) => {
        const { m, v } = adam(s, g, lr, beta1, beta2, eps, t)
        return { ...s, m, v, w: s.w - (lr * m) / (1 - beta1 ** t) / (v / (1 - beta2 ** t) + eps) }
      },
      'the corrected means are kept; keep m and v, or the correction is made twice': (s, g, lr, beta1, beta2, eps, t) => {
        const { m, v, w } = adam(s, g, lr, beta1, beta2, eps, t)
        return { ...s, w, m: m / (1 - beta1 ** t), v: v / (1 - beta2 ** t) }
      },
      'the memories are forgotten: give back the new m and v, too': (s, g, lr, beta1, beta2, eps, t) => ({
        ...s,
        w: adam(s, g, lr, beta1, beta2, eps, t).w,
      }),
      'g stands in the step; it should be the mean m̂': (s, g, lr, beta1, beta2, eps, t) =>
        stepped(s, g, lr, beta1, beta2, eps, (_, v) => [g, v / (1 - beta2 ** t)]),
      "the weight goes uphill: w' = w - α·m̂ / (√v̂ + ε)": (s, g, lr, beta1, beta2, eps, t) =>
        uphill(s, adam(s, g, lr, beta1, beta2, eps, t)),
    },
  },
})

/** A step divided by something else than √v + ε. */
const divided = (s: Weight, g: number, lr: number, v: number, by: (v: number) => number): Weight => ({
  ...s,
  v,
  w: s.w - (lr * g) / by(v),
})

/** Adadelta with another step Δ. */
function paced(s: Weight, lr: number, rho: number, v: number, stepOf: (v: number) => number): Weight {
  const delta = stepOf(v)
  return { ...s, v, u: rho * s.u + (1 - rho) * delta * delta, w: s.w - lr * delta }
}

/** Adam with another correction of its means. */
function stepped(
  s: Weight,
  g: number,
  lr: number,
  beta1: number,
  beta2: number,
  eps: number,
  corrected: (m: number, v: number) => readonly [m: number, v: number],
): Weight {
  const { m, v } = adam(s, g, lr, beta1, beta2, eps, 1)
  const [mHat, vHat] = corrected(m, v)
  return { ...s, m, v, w: s.w - (lr * mHat) / (Math.sqrt(vHat) + eps) }
}
