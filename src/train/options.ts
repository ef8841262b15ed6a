import { DataLoader, Dataset } from '../data/index.ts'
import { expect } from '../errors.ts'
import { Module } from '../nn/index.ts'
import { Optimizer } from '../optim/index.ts'
import { Tensor } from '../tensor/index.ts'
import type { EarlyStoppingOptions } from './early-stopping.ts'

/** Batches to go through once per epoch: a DataLoader, or anything like it. A batch is the inputs of the model, then the target. */
export interface Batches extends Iterable<Tensor[]> {
  /** How many batches. */
  readonly length: number
}

/** What is said of every epoch. */
export interface EpochReport {
  /** Its number, from 1. */
  epoch: number
  /** The mean loss of its training batches. */
  loss: number
  /** The mean loss of the validation batches after it; undefined without validation. */
  validationLoss?: number
  /** The mean of every metric over the training batches, and over the validation batches. */
  metrics: Record<string, number>
  validationMetrics: Record<string, number>
  /** The learning rate at its end, before the schedule changes it for the next. */
  lr: number
}

export interface FitOptions<Out = Tensor> {
  /** What is learnt from. A Dataset is taken in batches of 32, in a new order in every epoch. */
  train: Batches | Dataset
  /** What the model is only tried on, after every epoch. A Dataset is taken in batches of 32. */
  validation?: Batches | Dataset
  /** How often the training batches are gone through, at most. */
  epochs: number
  /** Over the parameters of the model, or some of them. */
  optimizer: Optimizer<{ lr: number }>
  /** The loss of a batch, of one element: a mean over its samples, as the losses in `F` are. */
  loss(output: Out, target: Tensor): Tensor
  /** What else is to be known of a batch, by name: means over its samples too, such as the share of right answers. */
  metrics?: Record<string, (output: Out, target: Tensor) => Tensor | number | Promise<number>>
  /** Steps after every epoch (OneCycleLR: after every batch). ReduceLROnPlateau gets the validation loss, or without validation the loss. */
  lrScheduler?: { readonly optimizer: unknown; step(loss: number): void }
  /** Stops when the validation loss (without validation: the loss) no longer improves. */
  earlyStopping?: EarlyStoppingOptions
  /** The gradients of every step are scaled to at most this common norm. */
  clipGradNorm?: number
  /** Writes the curve of the losses into this file at the end, as SVG. */
  svg?: string
  /** Prints nothing. Default false: a bar and the curve on a terminal, a line for every epoch elsewhere. */
  quiet?: boolean
  /** Called after every epoch. */
  onEpoch?(report: EpochReport): void | Promise<void>
}

/** Says what is wrong with the arguments before anything has changed. */
export function checkOptions<Out>(model: Module<unknown[], Out>, options: FitOptions<Out>): void {
  expect(model instanceof Module, 'fit', () => `model must be a Module, got ${show(model)}`)
  expect(typeof options === 'object' && options !== null, 'fit', () => `options must be an object, got ${show(options)}`)
  const { epochs, optimizer, loss, metrics = {}, lrScheduler, clipGradNorm, onEpoch } = options
  expect(Number.isInteger(epochs) && epochs > 0, 'fit', () => `epochs must be an integer above 0, got ${show(epochs)}`)
  expect(optimizer instanceof Optimizer, 'fit', () => `optimizer must be an Optimizer such as optim.Adam, got ${show(optimizer)}`)
  const own = new Set<Tensor>(model.parameters())
  expect(
    optimizer.groups.some(({ params }) => params.some((p) => own.has(p))),
    'fit',
    () => 'optimizer updates no parameter of this model; make it with model.parameters()',
  )
  expect(typeof loss === 'function', 'fit', () => `loss must be a function of output and target, got ${show(loss)}`)
  for (const [name, metric] of Object.entries(metrics)) {
    expect(typeof metric === 'function', 'fit', () => `metrics.${name} must be a function of output and target, got ${show(metric)}`)
  }
  expect(
    lrScheduler === undefined || typeof lrScheduler.step === 'function',
    'fit',
    () => `lrScheduler must be a schedule such as optim.lrScheduler.StepLR, got ${show(lrScheduler)}`,
  )
  expect(
    lrScheduler === undefined || lrScheduler.optimizer === optimizer,
    'fit',
    () => 'lrScheduler changes another optimizer than this one',
  )
  expect(clipGradNorm === undefined || clipGradNorm > 0, 'fit', () => `clipGradNorm must be a number above 0, got ${show(clipGradNorm)}`)
  expect(onEpoch === undefined || typeof onEpoch === 'function', 'fit', () => `onEpoch must be a function, got ${show(onEpoch)}`)
}

/** The batches of a DataLoader or a Dataset. */
export function batchesOf(argument: 'train' | 'validation', source: Batches | Dataset): Batches {
  const batches = source instanceof Dataset ? new DataLoader(source, { batchSize: 32, shuffle: argument === 'train' }) : source
  expect(
    typeof batches?.[Symbol.iterator] === 'function' && Number.isInteger(batches.length),
    'fit',
    () => `${argument} must be a DataLoader or a Dataset, got ${show(source)}`,
  )
  expect(batches.length > 0, 'fit', () => `${argument} has no batches`)
  return batches
}

export interface Batch {
  readonly inputs: readonly Tensor[]
  readonly target: Tensor
  /** How many samples. */
  readonly size: number
}

/** What a batch consists of. */
export function partsOf(argument: 'train' | 'validation', batch: readonly Tensor[]): Batch {
  const isBatch = Array.isArray(batch) && batch.length >= 2 && batch.every((part) => part instanceof Tensor)
  expect(isBatch, 'fit', () => `a batch of ${argument} must be the tensors [input, target], got ${showParts(batch)}`)
  const size = batch[0].shape[0]
  expect(size > 0, 'fit', () => `a batch of ${argument} must have one sample per row, got an input of shape [${batch[0].shape.join(', ')}]`)
  return { inputs: batch.slice(0, -1), target: batch[batch.length - 1], size }
}

function showParts(batch: unknown): string {
  return Array.isArray(batch) ? `a list of ${batch.length}: [${batch.map(show).join(', ')}]` : show(batch)
}

function show(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? 'a function' : String(value)
  return Array.isArray(value) ? `a list of ${value.length}` : (value.constructor?.name ?? 'an object')
}
