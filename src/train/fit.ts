import { expect, GradusError } from '../errors.ts'
import type { Module } from '../nn/index.ts'
import { expectWritable, writeFile } from '../node.ts'
import { clipGradNorm, lrScheduler as schedules } from '../optim/index.ts'
import type { Picture } from '../plot/picture.ts'
import { showShape } from '../reference/array.ts'
import { noGrad, Tensor } from '../tensor/index.ts'
import { Averages } from './averages.ts'
import { EarlyStopping } from './early-stopping.ts'
import { whereNotFinite } from './non-finite.ts'
import { type Batch, type Batches, batchesOf, checkOptions, type EpochReport, type FitOptions, partsOf } from './options.ts'
import { Report } from './report.ts'

/** How a training went: one number for every epoch. */
export interface History {
  /** The mean loss of the training batches, each as it was when its turn came. */
  loss: number[]
  /** The mean loss of the validation batches after the epoch; empty without validation. */
  validationLoss: number[]
  /** The means of the metrics, by name: over the training batches, and over the validation batches. */
  metrics: Record<string, number[]>
  validationMetrics: Record<string, number[]>
  /** The epoch with the least validation loss (without validation: the least loss), counted from 1. */
  bestEpoch: number
  /** Whether early stopping ended it. */
  stoppedEarly: boolean
}

/** The bar is drawn anew so often. */
const DRAW_MS = 250
/** The event loop gets a turn so often. One costs 4 to 5 ms: what V8 has put off, collecting garbage above all, comes in it and after it. */
const TURN_MS = 1000

/**
 * Trains a model: epochs of batches, each one a forward pass, a backward pass and a step of the optimiser, with validation after every epoch. It is the loop that everybody
 * writes, bit by bit the same, with what one writes around it in the long run.
 *
 * The modules train in training mode and are validated in evaluation mode; at the end, also by an error, each has the mode that it had before. A loss that is not finite stops
 * before the optimiser's step with a GradusError: the parameters are as the batch met them, and the message names epoch, step, and the first layer whose output is not finite.
 *
 *     const history = await fit(model, {
 *       train: new data.DataLoader(new data.TensorDataset(x, y), { batchSize: 32, shuffle: true }),
 *       validation: new data.TensorDataset(xValidation, yValidation),
 *       epochs: 50,
 *       optimizer: new optim.Adam(model.parameters()),
 *       loss: F.crossEntropy,
 *       metrics: { accuracy: (output, target) => output.argmax(1).eq(target).mean() },
 *       earlyStopping: { patience: 5 },
 *     })
 */
export async function fit<Out = Tensor>(model: Module<unknown[], Out>, options: FitOptions<Out>): Promise<History> {
  checkOptions(model, options)
  const { epochs, optimizer, loss, metrics = {}, lrScheduler, earlyStopping, clipGradNorm: maxNorm, svg, quiet = false, onEpoch } = options
  const train = batchesOf('train', options.train)
  const validation = options.validation === undefined ? undefined : batchesOf('validation', options.validation)
  if (svg !== undefined) expectWritable('fit', svg)
  const stopping = new EarlyStopping(model, earlyStopping)
  const params = optimizer.groups.flatMap((group) => group.params)
  const stepsByBatch = lrScheduler instanceof schedules.OneCycleLR

  const history: History = { loss: [], validationLoss: [], metrics: {}, validationMetrics: {}, bestEpoch: 0, stoppedEarly: false }
  const curve = (height?: number): Picture | undefined => {
    const { loss, validationLoss } = history
    const curves: Record<string, number[]> = validation ? { loss, 'validation loss': validationLoss } : { loss }
    return loss.length > 0 ? draw?.(curves, { title: 'loss', xLabel: 'epoch', x: [1, Math.max(2, loss.length)], height }) : undefined
  }
  const report = quiet ? undefined : new Report({ epochs, batches: train.length, curve })
  const draws = report?.live || svg !== undefined
  const draw = draws ? (await import('../plot/lines.ts')).lines : undefined // the one thing here that needs a package
  let lastDrawn = performance.now()
  let lastTurn = lastDrawn

  /** Loss and metrics of a batch: the loss as a tensor, and all values on their way, the loss first. */
  function measure(output: Out, { target }: Batch): { value: Tensor; reading: Promise<number[]> } {
    const value = loss(output, target)
    expect(value instanceof Tensor && value.size === 1, 'fit', () => `loss must return a tensor of one element, got ${showValue(value)}`)
    const measured = noGrad(() => Object.entries(metrics).map(([name, metric]) => numberOf(name, metric(output, target))))
    return { value, reading: Promise.all([value.read().then(([number]) => number), ...measured]) }
  }

  async function expectFinite(number: number, { inputs, target }: Batch, where: string): Promise<void> {
    if (Number.isFinite(number)) return
    throw new GradusError('fit', `the loss is ${number} in ${where}. ${await whereNotFinite({ model, inputs, target, loss })}`)
  }

  const isDue = () => performance.now() - lastDrawn > DRAW_MS
  /** Time for what is not training: draws, and now and then lets others have a turn. */
  async function pause(epoch: number, loss: number): Promise<void> {
    report?.draw(epoch, loss)
    lastDrawn = performance.now()
    if (lastDrawn - lastTurn <= TURN_MS) return
    await new Promise((resolve) => setTimeout(resolve))
    lastTurn = performance.now()
  }

  async function trainOneEpoch(epoch: number): Promise<Averages> {
    const means = new Averages(metrics)
    model.train()
    let step = 0
    for (const tensors of train) {
      step++
      const batch = partsOf('train', tensors)
      optimizer.zeroGrad()
      const { value, reading } = measure(model.forward(...batch.inputs), batch)
      expect(
        value.requiresGrad,
        'fit',
        () => 'the loss depends on no parameter that requires grad; was it computed under noGrad, or detached?',
      )
      value.backward()
      const numbers = await reading // asked for before the backward pass: where reading takes its time, both run at once
      await expectFinite(numbers[0], batch, `epoch ${epoch}, step ${step}`)
      if (maxNorm !== undefined) clipGradNorm(params, maxNorm)
      optimizer.step()
      if (stepsByBatch) lrScheduler.step()
      means.add(numbers, batch.size)
      report?.batch(batch.size)
      if (isDue()) await pause(epoch, means.loss)
    }
    expect(step > 0, 'fit', () => `train gave no batches in epoch ${epoch}; can it be gone through more than once?`)
    return means
  }

  async function validate(batches: Batches, epoch: number, trainingLoss: number): Promise<Averages> {
    const means = new Averages(metrics)
    model.eval()
    let step = 0
    for (const tensors of batches) {
      step++
      const batch = partsOf('validation', tensors)
      const { reading } = noGrad(() => measure(model.forward(...batch.inputs), batch))
      const numbers = await reading
      await expectFinite(numbers[0], batch, `the validation after epoch ${epoch}, batch ${step}`)
      means.add(numbers, batch.size)
      if (isDue()) await pause(epoch, trainingLoss)
    }
    expect(step > 0, 'fit', () => `validation gave no batches after epoch ${epoch}; can it be gone through more than once?`)
    return means
  }

  const modes = [...model.namedModules()].map(([, module]) => ({ module, training: module.training }))
  try {
    for (let epoch = 1; epoch <= epochs && !history.stoppedEarly; epoch++) {
      const trained = await trainOneEpoch(epoch)
      const validated = validation && (await validate(validation, epoch, trained.loss))
      const monitored = (validated ?? trained).loss
      const entry: EpochReport = {
        epoch,
        loss: trained.loss,
        validationLoss: validated?.loss,
        metrics: trained.metrics,
        validationMetrics: validated?.metrics ?? {},
        lr: optimizer.lr,
      }
      record(history, entry)
      report?.epoch(entry)
      if (!stepsByBatch) lrScheduler?.step(monitored)
      if (onEpoch) {
        report?.erase()
        await onEpoch(entry)
      }
      history.stoppedEarly = stopping.epoch(epoch, monitored)
    }
    history.bestEpoch = stopping.bestEpoch
    const restored = stopping.restore(history.loss.length)
    report?.end(history, restored)
  } catch (error) {
    report?.interrupt()
    throw error
  } finally {
    for (const { module, training } of modes) module.training = training
  }
  const picture = svg === undefined ? undefined : curve()
  if (svg !== undefined && picture) writeFile('fit', svg, [picture.svg()])
  return history
}

/** The value of a metric, on its way. */
async function numberOf(name: string, value: Tensor | number | Promise<number>): Promise<number> {
  const number = value instanceof Tensor && value.size === 1 ? (await value.read())[0] : await value
  if (typeof number !== 'number')
    throw new GradusError('fit', `metrics.${name} must return a number or a tensor of one element, got ${showValue(number)}`)
  return number
}

function record({ loss, validationLoss, metrics, validationMetrics }: History, entry: EpochReport): void {
  loss.push(entry.loss)
  if (entry.validationLoss !== undefined) validationLoss.push(entry.validationLoss)
  append(metrics, entry.metrics)
  append(validationMetrics, entry.validationMetrics)
}

function append(lists: Record<string, number[]>, values: Record<string, number>): void {
  for (const [name, value] of Object.entries(values)) {
    lists[name] ??= []
    lists[name].push(value)
  }
}

function showValue(value: unknown): string {
  if (value instanceof Tensor) return `shape ${showShape(value.shape)}; reduce it with mean()`
  return value === null ? 'null' : typeof value
}
