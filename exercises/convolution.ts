/**
 * A convolution slides one small window of weights over a picture. Wherever it
 * stops, it multiplies what it sees by its weights and adds up:
 *
 *     y_vu = Σ_ij w_ij · x_hk        h = v·s + i - p,  k = u·s + j - p
 *
 * So the same feature is found at every place, with very few weights. The
 * stride s is the step of the window, the padding p a frame of zeros around x.
 *
 * Filters can be made by hand, as those of Sobel (1968), which find edges. They
 * can be learnt, too (LeCun et al. 1989): each product has a gradient, and
 * the same loops, run backwards, bring it to the weights and to the picture.
 */
import { digits } from '../data/digits.ts'
import { blank, lesson } from '../src/learn/index.ts'
import { heatmap, images, lines } from '../src/plot/index.ts'
import { Generator } from '../src/random.ts'

/** A grey picture, a window of weights, or what comes out: rows from the top down.        H rows of [W] */
export type Grid = readonly Float64Array[]

/** The pixel in row h and column k; the padding around the picture is 0.        x: H rows of [W], h, k: whole numbers -> number */
export function pixel(x: Grid, h: number, k: number): number {
  const isInside = h >= 0 && h < x.length && k >= 0 && k < x[0].length // worked: read it, then go on
  return isInside ? x[h][k] : 0
}

/** A grid of zeros, to be added to.        rows: H, columns: W -> H rows of [W] */
export function zeros(rows: number, columns: number): Float64Array[] {
  return Array.from({ length: rows }, () => new Float64Array(columns))
}

/** How often a window of k fits into a row of n, with p zeros at either end.  ⌊(n + 2p - k) / s⌋ + 1        n, k, s, p: whole numbers, k ≤ n + 2p -> number */
export function outputSize(n: number, k: number, s: number, p: number): number {
  return blank('outputSize', n, k, s, p)
}

/**
 * The window w at every place of x, as it stands (mathematicians turn it upside down first, and call this cross-correlation).
 * y_vu = Σ_ij w_ij · x_hk,  h = v·s + i - p,  k = u·s + j - p        x: H rows of [W], w: I rows of [J] -> y: V rows of [U]
 */
export function convolve(x: Grid, w: Grid, s: number, p: number): Grid {
  return blank('convolve', x, w, s, p)
}

/**
 * A layer: every filter o has a window for each channel c, what they find is added up, and its bias b_o is added everywhere.
 * y_o = b_o + Σ_c convolve(x_c, w_oc)        x: C pictures, w: O filters of C windows, b: [O] -> y: O pictures
 */
export function convolveLayer(x: readonly Grid[], w: readonly (readonly Grid[])[], b: Float64Array, s: number, p: number): Grid[] {
  return blank('convolveLayer', x, w, b, s, p)
}

/**
 * How the loss changes with the weights, given how it changes with the outputs: a weight was used at every place, so add up over all.
 * dw_ij = Σ_vu dy_vu · x_hk,  h = v·s + i - p,  k = u·s + j - p        dy: V rows of [U], x: H rows of [W], rows: I, columns: J -> dw: I rows of [J]
 */
export function weightGradient(dy: Grid, x: Grid, rows: number, columns: number, s: number, p: number): Grid {
  return blank('weightGradient', dy, x, rows, columns, s, p)
}

/**
 * How the loss changes with the pixels: each output hands its dy back to the pixels that its window saw, by the weights it saw them with.
 * dx_hk = Σ w_ij · dy_vu over all h = v·s + i - p, k = u·s + j - p        dy: V rows of [U], w: I rows of [J], rows: H, columns: W -> dx: H rows of [W]
 */
export function inputGradient(dy: Grid, w: Grid, rows: number, columns: number, s: number, p: number): Grid {
  return blank('inputGradient', dy, w, rows, columns, s, p)
}

/** Two grids of one shape, element by element.        a, b: H rows of [W] -> H rows of [W] */
export function combine(a: Grid, b: Grid, of: (a_hk: number, b_hk: number) => number): Grid {
  return a.map((row, h) => row.map((a_hk, k) => of(a_hk, b[h][k])))
}

/** The mean of the squares.        of: H rows of [W] -> number */
export function meanSquare(of: Grid): number {
  return of.reduce((sum, row) => sum + row.reduce((s, value) => s + value * value, 0), 0) / (of.length * of[0].length)
}

/** The same picture from 0, its darkest, to 1, its brightest.        of: H rows of [W] -> H rows of [W] */
export function contrast(of: Grid): Grid {
  const [low, high] = [Math.min(...of.flatMap((row) => [...row])), Math.max(...of.flatMap((row) => [...row]))]
  return of.map((row) => row.map((value) => (value - low) / (high - low)))
}

/** Filters that are made by hand: two of Sobel's, one that lights a relief from the lower right, one that takes the mean around. */
export const filters = {
  across: window([-1, 0, 1], [-2, 0, 2], [-1, 0, 1]),
  down: window([-1, -2, -1], [0, 0, 0], [1, 2, 1]),
  emboss: window([-2, -1, 0], [-1, 0, 1], [0, 1, 2]),
  blur: window([1 / 16, 2 / 16, 1 / 16], [2 / 16, 4 / 16, 2 / 16], [1 / 16, 2 / 16, 1 / 16]),
}

function window(...rows: readonly (readonly number[])[]): Grid {
  return rows.map((row) => Float64Array.from(row))
}

await lesson(import.meta, ({ show, print, options }) => {
  const generator = new Generator(options.seed)
  const { features } = digits() // [1797, 64], from 0 (paper) to 16 (ink)
  const order = generator.randperm(1797)
  const digit = (place: number): Grid =>
    Array.from({ length: 8 }, (_, h) => Float64Array.from({ length: 8 }, (_, k) => features[64 * order[place] + 8 * h + k] / 16))

  // What an input gradient is good for, too: with stride 3 and a window like a tent it spreads every pixel, and makes 24 × 24 of 8 × 8.
  const tent = [1, 2, 3, 2, 1].map((a) => Float64Array.of(1, 2, 3, 2, 1).map((b) => (a * b) / 9))
  const large = inputGradient(digit(0), tent, 24, 24, 3, 1)
  const picture = large.map((row) => row.map((ink) => Math.min(1, Math.max(0, 3 * ink - 1)))) // hard edges

  const bank = [[filters.across], [filters.down], [filters.emboss], [filters.blur]] // 4 filters for 1 channel
  const [across, down, relief, blurred] = convolveLayer([picture], bank, new Float64Array(4), 1, 1)
  const found = { 'a digit': picture, 'Sobel, across': across, 'Sobel, down': down, 'both: edges': combine(across, down, Math.hypot) }
  const tiles = Object.entries({ ...found, embossed: relief, blurred }).map(([caption, grid]) => ({ caption, pixels: contrast(grid) }))
  show(images(tiles), 'Filters made by hand. Sobel across: white where it gets brighter to the right, black where darker.')
  print('')

  const strides = [1, 2, 3].map((s) => {
    const y = convolve(picture, filters.across, s, 1)
    return { pixels: contrast(y), caption: `stride ${s}: ${y.length} × ${y[0].length}` }
  })
  show(
    images(strides),
    `Padding 1. A window of 3 fits into 24 + 2 pixels ${strides.map((_, i) => outputSize(24, 3, i + 1, 1)).join(', ')} times.`,
  )
  print('')

  // A window that is unknown, but for what it answers: weights find it by descending E, the mean of (y - d)².
  const epochs = options.epochs ?? (options.quick ? 100 : 300)
  const pairs = Array.from({ length: 20 }, (_, i) => ({ x: digit(i), d: convolve(digit(i), filters.across, 1, 1) }))
  let w: Grid = zeros(3, 3).map((row) => generator.uniform(row, -1, 1))
  const stages = [{ pixels: w, caption: 'at first' }]
  const errors: number[] = []
  for (let epoch = 1; epoch <= epochs; epoch++) {
    errors.push(0)
    let dw: Grid = zeros(3, 3)
    for (const { x, d } of pairs) {
      const e = combine(convolve(x, w, 1, 1), d, (y_vu, d_vu) => y_vu - d_vu) // 8 rows of [8]
      errors[epoch - 1] += meanSquare(e) / pairs.length
      dw = combine(dw, weightGradient(e, x, 3, 3, 1, 1), (sum, dw_ij) => sum + dw_ij / (64 * pairs.length))
    }
    w = combine(w, dw, (w_ij, dw_ij) => w_ij - 0.5 * dw_ij)
    if ([2, 10, 30].includes(epoch) || epoch === epochs) stages.push({ pixels: w, caption: `epoch ${epoch}` })
  }
  show(
    lines(errors, {
      title: 'a window learns from 20 digits and their edges: E, the mean of (y - d)²',
      xLabel: 'epoch',
      log: true,
      height: 8,
    }),
  )
  print('')
  show(images(stages, { range: [-2, 2], scale: 4 }), 'Nobody told it about edges: it found the window of Sobel, across, by its gradient.')
  show(heatmap(w, { digits: 3 }))
  print('')

  // And pixels can learn: which picture would be blurred into that one?
  let guess: Grid = blurred
  const restored = [{ pixels: guess, caption: 'blurred' }]
  const steps = options.quick ? 100 : 1000
  for (let step = 1; step <= steps; step++) {
    const e = combine(convolve(guess, filters.blur, 1, 1), blurred, (y_vu, d_vu) => y_vu - d_vu)
    guess = combine(guess, inputGradient(e, filters.blur, 24, 24, 1, 1), (x_hk, dx_hk) => x_hk - dx_hk)
    if (step === 10 || step === steps) restored.push({ pixels: guess, caption: `step ${step}` })
  }
  show(images(restored, { range: [0, 1] }), 'The same descent on the pixels, by the input gradient, sharpens what was blurred.')
})
