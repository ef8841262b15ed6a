/**
 * Attention looks things up. A query q asks, every token answers with its key
 * k, and what comes back is a mean of their values v, weighted by how well the
 * keys answer:
 *
 *     y_i = Σ_j w_ij · v_j        w_i = softmax_j(q_i · k_j / √d)
 *
 * So any token can look at any other, however far away, and what it looks at
 * is learnt (Bahdanau et al. 2015). Layers of nothing else, and small networks
 * between them, are a Transformer (Vaswani et al. 2017). It knows no order but
 * what positions tell it, and a mask can hide what comes later. The one at
 * the end of this lesson learns to sort.
 */
import { F, manualSeed, nn, noGrad, optim, type Tensor, tensor } from '../../src/index.ts'
import { lesson } from '../../src/learn/index.ts'
import { heatmap, lines } from '../../src/plot/index.ts'
import { Generator } from '../../src/random.ts'

/** One row for each token: n rows of [d]. */
export type Rows = readonly Float64Array[]

/** Weights that sum to 1, the larger the score the larger.  w_j = e^(s_j) / Σ_m e^(s_m)        s: [n], some of them -∞ -> w: [n] */
export function softmax(s: Float64Array): Float64Array {
  const max = Math.max(...s) // worked: the greatest is taken out, so that no power overflows; e^(-∞) is 0
  const powers = s.map((s_j) => Math.exp(s_j - max))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map((power) => power / sum)
}

/** The sum of the products.  a · b = Σ_c a_c · b_c        a, b: [d] -> number */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let c = 0; c < a.length; c++) sum += a[c] * b[c]
  return sum
}

/** For each row of weights, what they make of the values.  y_i = Σ_j w_ij · v_j        w: n rows of [m], v: m rows of [e] -> y: n rows of [e] */
export function weightedSums(w: Rows, v: Rows): Rows {
  return w.map((w_i) => {
    const y_i = new Float64Array(v[0].length)
    for (const [j, v_j] of v.entries()) for (let c = 0; c < y_i.length; c++) y_i[c] += w_i[j] * v_j[c]
    return y_i
  })
}

/** Rows as columns.  a_ij becomes a_ji        a: n rows of [m] -> m rows of [n] */
export function transposed(a: Rows): Rows {
  return Array.from(a[0], (_, j) => new Float64Array(a.map((row) => row[j])))
}

/**
 * What tells a token its place: waves of growing length, a sine and a cosine of each.
 * p_t,2i = sin(t / 10000^(2i/d)),  p_t,2i+1 = cos(t / 10000^(2i/d)),  t = 0, 1, …        n, d: whole numbers, d even -> p: n rows of [d]
 */
export function positionalEncoding(n: number, d: number): Rows {
  return Array.from({ length: n }, (_, t) =>
    new Float64Array(d).map((_, c) => {
      const angle = t / 10000 ** ((c - (c % 2)) / d)
      return c % 2 === 0 ? Math.sin(angle) : Math.cos(angle)
    }),
  )
}

/** How well every key answers to every query.  s_ij = q_i · k_j / √d        q: n rows of [d], k: m rows of [d] -> s: n rows of [m] */
export function attentionScores(q: Rows, k: Rows): Rows {
  const root = Math.sqrt(q[0].length)
  return q.map((q_i) => new Float64Array(k.map((k_j) => dot(q_i, k_j) / root)))
}

/** Hides from every token those that come after it.  s_ij = -∞ for j > i        s: n rows of [m] -> the same but for what is hidden: n rows of [m] */
export function causalMask(s: Rows): Rows {
  return s.map((s_i, i) => s_i.map((s_ij, j) => (j > i ? -Infinity : s_ij)))
}

/**
 * What every query finds: scores, masked if isCausal; weights by softmax, each row for itself; the mean of the values by these weights.
 * w_i = softmax(s_i),  y_i = Σ_j w_ij · v_j        q: n rows of [d], k: m rows of [d], v: m rows of [e] -> weights: n rows of [m], y: n rows of [e]
 */
export function attention(q: Rows, k: Rows, v: Rows, isCausal: boolean): { weights: Rows; y: Rows } {
  const scores = attentionScores(q, k) // n rows of [m]
  const weights = (isCausal ? causalMask(scores) : scores).map(softmax) // n rows of [m]
  return { weights, y: weightedSums(weights, v) }
}

/** Back through the softmax.  ds_ij = w_ij · (dw_ij - Σ_m dw_im · w_im)        dw, w: n rows of [m] -> ds: n rows of [m] */
export function softmaxBackward(dw: Rows, w: Rows): Rows {
  return w.map((w_i, i) => {
    const mean = dot(dw[i], w_i)
    return w_i.map((w_ij, j) => w_ij * (dw[i][j] - mean))
  })
}

/**
 * The way back, from how the loss changes with y. ds is what comes back through the softmax from dw_ij = dy_i · v_j.
 * dv_j = Σ_i w_ij · dy_i,  dq_i = Σ_j ds_ij · k_j / √d,  dk_j = Σ_i ds_ij · q_i / √d        dy: n rows of [e], weights: n rows of [m] -> dq, dk, dv: as q, k, v
 */
export function attentionBackward(dy: Rows, q: Rows, k: Rows, v: Rows, weights: Rows): { dq: Rows; dk: Rows; dv: Rows } {
  const dweights = dy.map((dy_i) => new Float64Array(v.map((v_j) => dot(dy_i, v_j)))) // n rows of [m]
  const root = Math.sqrt(q[0].length)
  const ds = softmaxBackward(dweights, weights).map((ds_i) => ds_i.map((ds_ij) => ds_ij / root)) // n rows of [m]
  return { dq: weightedSums(ds, k), dk: weightedSums(transposed(ds), q), dv: weightedSums(transposed(weights), dy) }
}

/** Ten letters are to be sorted, each of them one of ten. */
const [LETTERS, LENGTH, WIDTH] = ['abcdefghij', 10, 32]

/**
 * A Transformer of one block, an encoder: it reads ten letters, and says at place t which comes there when they are in order. The library's layers
 * stand around the attention; the attention itself is the functions above.
 */
export class Sorter extends nn.Module<[x: Tensor, y: Tensor]> {
  readonly embedding = new nn.Embedding(LETTERS.length, WIDTH)
  readonly places = stacked([positionalEncoding(LENGTH, WIDTH)]) // [1, 10, E]
  readonly norm1 = new nn.LayerNorm(WIDTH)
  readonly qkv = new nn.Linear(WIDTH, 3 * WIDTH)
  readonly out = new nn.Linear(WIDTH, WIDTH)
  readonly norm2 = new nn.LayerNorm(WIDTH)
  readonly linear1 = new nn.Linear(WIDTH, 4 * WIDTH)
  readonly linear2 = new nn.Linear(4 * WIDTH, WIDTH)
  readonly norm3 = new nn.LayerNorm(WIDTH)
  readonly head = new nn.Linear(WIDTH, LETTERS.length)

  /** What stands before the attention: letters and their places as vectors.        letters: [N, 10] -> x: [N, 10, E] */
  embed(letters: Tensor): Tensor {
    return this.embedding.forward(letters).add(this.places)
  }

  /** What stands behind it: every token thinks about what it has found.        x, y: [N, 10, E] -> logits of the letter at each place: [N, 10, 10] */
  forward(x: Tensor, y: Tensor): Tensor {
    const found = x.add(this.out.forward(y))
    const thought = found.add(this.linear2.forward(this.linear1.forward(this.norm2.forward(found)).relu()))
    return this.head.forward(this.norm3.forward(thought))
  }
}

/** The attention of a batch, by the functions above.        qkv: [N, L, 3E] -> for each of the N sequences: q, k, v, weights and y */
export async function attend(qkv: Tensor): Promise<Record<'q' | 'k' | 'v' | 'weights' | 'y', Rows>[]> {
  const [n, length] = qkv.shape
  const numbers = new Float64Array(await qkv.read())
  const part = (sequence: number, p: number) =>
    Array.from({ length }, (_, t) => {
      const from = (3 * (sequence * length + t) + p) * WIDTH
      return numbers.subarray(from, from + WIDTH)
    })
  return Array.from({ length: n }, (_, sequence) => {
    const [q, k, v] = [part(sequence, 0), part(sequence, 1), part(sequence, 2)]
    return { q, k, v, ...attention(q, k, v, false) }
  })
}

/** The rows of several sequences as one tensor.        sequences: N times L rows of [E] -> [N, L, E] */
function stacked(sequences: readonly Rows[]): Tensor {
  const [length, width] = [sequences[0].length, sequences[0][0].length]
  const numbers = new Float32Array(sequences.length * length * width)
  for (const [t, row] of sequences.flat().entries()) numbers.set(row, t * width)
  return tensor(numbers).view(sequences.length, length, width)
}

/** The letters in order, at each place the likeliest.        letters: N rows of [10] -> sorted: N rows of [10], weights: the attention of each, 10 rows of [10] */
export async function sort(sorter: Sorter, letters: number[][]): Promise<{ sorted: number[][]; weights: Rows[] }> {
  const x = noGrad(() => sorter.embed(tensor(letters, { dtype: 'int32' }))) // [N, 10, E]
  const found = await attend(noGrad(() => sorter.qkv.forward(sorter.norm1.forward(x))))
  const best = await noGrad(() => sorter.forward(x, stacked(found.map(({ y }) => y))).argmax(2)).read() // [N, 10]
  const sorted = letters.map((_, n) => Array.from(best.subarray(n * LENGTH, (n + 1) * LENGTH)))
  return { sorted, weights: found.map(({ weights }) => weights) }
}

/**
 * One training step. The tape carries the gradient down to the attention's y; attentionBackward takes it on to q, k and v; from there the
 * tape goes on.        letters: [N, 10], target: [N, 10], the same in order -> the loss before the step
 */
export async function trainStep(sorter: Sorter, optimizer: optim.Adam, letters: Tensor, target: Tensor): Promise<number> {
  optimizer.zeroGrad()
  const x = sorter.embed(letters) // [N, 10, E]
  const qkv = sorter.qkv.forward(sorter.norm1.forward(x)) // [N, 10, 3E]
  const found = await attend(qkv)
  const y = stacked(found.map((of) => of.y)) // [N, 10, E]
  y.requiresGrad = true
  const logits = sorter.forward(x, y) // [N, 10, 10]
  const loss = F.crossEntropy(logits.reshape(target.size, LETTERS.length), target.reshape(target.size))
  loss.backward({ retainGraph: true })
  const dy = new Float64Array(await (y.grad as Tensor).read())
  const dqkv = found.map(({ q, k, v, weights }, sequence) => {
    const rows = q.map((_, t) => dy.subarray((sequence * q.length + t) * WIDTH, (sequence * q.length + t + 1) * WIDTH))
    const { dq, dk, dv } = attentionBackward(rows, q, k, v, weights)
    return dq.flatMap((dq_t, t) => [dq_t, dk[t], dv[t]]) // 10 · 3 rows of [E]
  })
  qkv.backward({ gradient: stacked(dqkv).reshape(...qkv.shape) })
  optimizer.step()
  return (await loss.read())[0]
}

/** Ten letters, drawn with the same chance each, for every sequence.        n: number -> n rows of [10] */
export function draw(generator: Generator, n: number): number[][] {
  return Array.from({ length: n }, () => Array.from(generator.randint(0, LETTERS.length, LENGTH)))
}

/** What the Transformer is to answer.        letters: n rows of [10] -> the same in order: n rows of [10] */
export function inOrder(letters: number[][]): number[][] {
  return letters.map((row) => row.toSorted((a, b) => a - b))
}

/** The part of n fresh sequences that are sorted without a single mistake.        n: number -> between 0 and 1 */
export async function exact(sorter: Sorter, generator: Generator, n: number): Promise<number> {
  const letters = draw(generator, n)
  const { sorted } = await sort(sorter, letters)
  return inOrder(letters).filter((row, i) => row.every((letter, t) => letter === sorted[i][t])).length / n
}

await lesson(import.meta, async ({ show, print, status, options }) => {
  const word = [...'banana']
  const names = { rows: word, columns: word, digits: 2, max: 1 }
  const contents = word.map((letter) => Float64Array.from('abn', (other) => (other === letter ? 2.5 : 0))) // 6 rows of [3]
  const places = positionalEncoding(word.length, 8).map((row) => row.map((wave) => 2 * wave)) // 6 rows of [8]
  show(
    heatmap(attention(contents, contents, contents, false).weights, {
      ...names,
      title: 'queries and keys are the letters: equal ones find one another',
    }),
  )
  print('')
  show(
    heatmap(attention(contents, contents, contents, true).weights, {
      ...names,
      title: 'the same, causal: each row sees what came before it, and itself',
    }),
  )
  print('')
  show(
    heatmap(attention(places, places, places, false).weights, {
      ...names,
      title: 'queries and keys are the places: neighbours find one another',
    }),
  )
  print('')
  show(heatmap(positionalEncoding(LENGTH, WIDTH), { title: 'positional encoding: a row for each of 10 places, waves of growing length' }))
  print('')

  const epochs = options.epochs ?? (options.quick ? 2 : 12)
  const [batches, batchSize] = [100, 64]
  manualSeed(options.seed)
  const generator = new Generator(options.seed)
  const sorter = new Sorter()
  const optimizer = new optim.Adam(sorter.parameters())
  const [maxLr, totalSteps] = [0.01, epochs * batches + 1]
  const schedule = new optim.lrScheduler.OneCycleLR(optimizer, { maxLr, totalSteps, pctStart: 0.1, cycleMomentum: false })
  const size = sorter.parameters().reduce((sum, parameter) => sum + parameter.size, 0)
  print(`A Transformer of ${size} parameters learns to sort ten letters. Its attention is the functions above, forward and backward.`)
  const losses: number[] = []
  for (let epoch = 1; epoch <= epochs; epoch++) {
    for (let batch = 1; batch <= batches; batch++) {
      const letters = draw(generator, batchSize)
      const target = tensor(inOrder(letters), { dtype: 'int32' })
      losses.push(await trainStep(sorter, optimizer, tensor(letters, { dtype: 'int32' }), target))
      schedule.step()
      status(`epoch ${epoch} of ${epochs}, batch ${batch} of ${batches}, loss ${losses[losses.length - 1].toFixed(4)}`)
    }
    const mean = losses.slice(-batches).reduce((sum, loss) => sum + loss / batches, 0)
    const rate = await exact(sorter, generator, 500)
    print(`epoch ${epoch}: loss ${mean.toFixed(4)}, ${(100 * rate).toFixed(1)}% of 500 fresh sequences sorted`)
  }
  print('')
  show(lines(losses, { title: 'cross-entropy', xLabel: `batch of ${batchSize} sequences`, log: true, height: 8 }))
  print('')

  const spelt = (sequence: readonly number[]) => sequence.map((letter) => LETTERS[letter]).join('')
  const letters = draw(generator, 4)
  const { sorted, weights } = await sort(sorter, letters)
  // The letters as columns in order, so that the eye finds what the Transformer finds.
  const order = [...letters[0].keys()].sort((i, j) => letters[0][i] - letters[0][j])
  show(
    heatmap(
      weights[0].map((row) => order.map((j) => row[j])),
      {
        title: `${spelt(letters[0])} → ${spelt(sorted[0])}: where each place looks`,
        xLabel: 'looks at the letter',
        rows: sorted[0].map((letter, t) => `${t + 1}: ${LETTERS[letter]}`),
        columns: order.map((j) => LETTERS[letters[0][j]]),
        digits: 2,
      },
    ),
    'The first places look at the beginning of the alphabet, the last ones at its end.',
  )
  for (const [i, row] of letters.slice(1).entries()) print(`${spelt(row)} → ${spelt(sorted[i + 1])}`)
  print('', `Of 2,000 fresh sequences ${(100 * (await exact(sorter, generator, 2000))).toFixed(2)}% are sorted without a mistake.`)
})
