import { type Column, readLabels } from '../classic/input.ts'

/** The share of samples whose class is predicted rightly        yTrue, yPred: [N] */
export async function accuracy(yTrue: Column, yPred: Column): Promise<number> {
  const truth = await readLabels('accuracy', yTrue, 'yTrue')
  const predicted = await readLabels('accuracy', yPred, 'yPred', truth.length)
  let right = 0
  for (let i = 0; i < truth.length; i++) if (truth[i] === predicted[i]) right++
  return right / truth.length
}
