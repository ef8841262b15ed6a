import { type Column, encode, readColumn, readLabels } from '../classic/input.ts'
import { expect } from '../errors.ts'

/**
 * The area under the ROC curve: how probable it is that a positive sample has a greater score than a negative one, ties counting half
 * (Hanley & McNeil, "The meaning and use of the area under a ROC curve", Radiology 143, 1982). From the ranks of the scores (Mann & Whitney 1947):
 *
 *     AUC = (Σ_{positive} rank_i - P (P + 1) / 2) / (P · N)        yTrue: [samples], two classes, the greater label is the positive one; yScore: [samples]
 *
 * Errors: not exactly two classes.
 */
export async function rocAuc(yTrue: Column, yScore: Column): Promise<number> {
  const { classes, codes } = encode(await readLabels('rocAuc', yTrue, 'yTrue'))
  const scores = await readColumn('rocAuc', yScore, 'yScore', codes.length)
  expect(classes.length === 2, 'rocAuc', () => `yTrue must have two classes, got ${classes.length}: ${classes.join(', ')}`)
  const order = Array.from(codes.keys()).sort((i, j) => scores[i] - scores[j])
  let positives = 0
  let rankSum = 0
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && scores[order[end]] === scores[order[start]]) end++
    const rank = (start + 1 + end) / 2 // equal scores share the mean of their ranks
    for (const i of order.slice(start, end)) {
      positives += codes[i]
      rankSum += codes[i] * rank
    }
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (order.length - positives))
}
