/** The Transformer of the lesson on attention: what its page says of it. */
import { expect, it } from 'vitest'
import { draw, inOrder, Sorter, sort, trainStep } from '../exercises/solutions/attention.ts'
import { F, manualSeed, optim, tensor } from '../src/index.ts'
import { Generator } from '../src/random.ts'
import { expectClose } from './support.ts'

const int32 = (letters: number[][]) => tensor(letters, { dtype: 'int32' })

it('gets the gradients from the functions of the lesson that the library would give it', async () => {
  manualSeed(1)
  const sorter = new Sorter()
  const letters = draw(new Generator(1), 3)
  const still = new optim.Adam(sorter.parameters(), { lr: 0 }) // looks on
  const loss = await trainStep(sorter, still, int32(letters), int32(inOrder(letters)))
  const came = sorter.parameters().map(({ grad }) => grad?.data)

  still.zeroGrad()
  const x = sorter.embed(int32(letters))
  const [q, k, v] = sorter.qkv.forward(sorter.norm1.forward(x)).chunk(3, 2)
  const logits = sorter.forward(x, F.scaledDotProductAttention(q, k, v))
  const expected = F.crossEntropy(logits.reshape(30, 10), int32(inOrder(letters)).reshape(30))
  expected.backward()
  expect(loss).toBeCloseTo(expected.item(), 5)
  for (const [i, { grad }] of sorter.parameters().entries()) expectClose(came[i] ?? [], grad?.data ?? [1], { atol: 1e-5 })
})

it('learns from the letters, not from their places alone', async () => {
  manualSeed(2)
  const sorter = new Sorter()
  const generator = new Generator(2)
  const optimizer = new optim.Adam(sorter.parameters(), { lr: 0.01 })
  for (let step = 0; step < 40; step++) {
    const letters = draw(generator, 32)
    await trainStep(sorter, optimizer, int32(letters), int32(inOrder(letters)))
  }
  const letters = draw(generator, 200)
  const { sorted } = await sort(sorter, letters)
  const right = inOrder(letters).reduce((sum, row, i) => sum + row.filter((letter, t) => letter === sorted[i][t]).length / 2000, 0)
  expect(right).toBeGreaterThan(0.5) // who knows the place alone gets 0.37
})
