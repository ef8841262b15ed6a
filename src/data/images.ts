import { expect, GradusError } from '../errors.ts'
import { findFile, gunzip, readFile } from '../node.ts'
import { showShape, sizeOf } from '../reference/array.ts'
import { fromHost } from '../tensor/creation.ts'
import type { Tensor } from '../tensor/index.ts'
import { decodeIdx } from './idx.ts'

/** Labelled images: one per row of x. */
export interface LabelledImages {
  /** [N, C, H, W] float32, from 0 to 1 */
  x: Tensor
  /** [N] int32: classes 0 to 9 */
  y: Tensor
}

/** A data set that comes in two parts: what is learnt from, and what the result is tested on. */
export interface ImageData {
  train: LabelledImages
  test: LabelledImages
  /** The names of classes 0 to 9. */
  targetNames: readonly string[]
}

/**
 * 60,000 handwritten digits to train on and 10,000 to test, 28 × 28 pixels (LeCun, Cortes & Burges 1998), from the four files of the folder `dir`:
 * `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, gzipped or not, also written `train-images.idx3-ubyte`.
 * x: [N, 1, 28, 28], y: [N]
 */
export const mnist = (dir: string): ImageData => idxImages('mnist', 'MNIST', dir, [...'0123456789'])

/** 70,000 pieces of clothing, in the same files and numbers as MNIST (Xiao, Rasul & Vollgraf 2017).        x: [N, 1, 28, 28], y: [N] */
export const fashionMnist = (dir: string): ImageData => idxImages('fashionMnist', 'Fashion-MNIST', dir, CLOTHES)

const CLOTHES = ['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat', 'Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot']
const CIFAR = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']

function idxImages(operation: string, title: string, dir: string, targetNames: readonly string[]): ImageData {
  const read = (name: string, axes: number) => {
    const names = [`${name}-idx${axes}-ubyte`, `${name}.idx${axes}-ubyte`]
    const { path, bytes } = readOneOf(operation, title, dir, names)
    const { shape, values } = decodeIdx(operation, path, bytes)
    const wanted = axes === 1 ? '[N]' : '[N, H, W]'
    expect(shape.length === axes && shape[0] > 0, operation, () => `${path} must have shape ${wanted}, N > 0, got ${showShape(shape)}`)
    return { path, shape, values }
  }
  const part = (name: string): LabelledImages => {
    const [images, labels] = [read(`${name}-images`, 3), read(`${name}-labels`, 1)]
    const [n, h, w] = images.shape
    expect(labels.shape[0] === n, operation, () => `${images.path} has ${n} images, but ${labels.path} has ${labels.shape[0]} labels`)
    const x = new Float32Array(images.values.length)
    copyScaled(images.values, x)
    const y = Int32Array.from(labels.values)
    expectClasses(operation, labels.path, y, targetNames.length)
    return { x: fromHost(operation, x, [n, 1, h, w]), y: fromHost(operation, y, [n]) }
  }
  const [train, test] = [part('train'), part('t10k')]
  const sizes = [train, test].map(({ x }) => showShape(x.shape.slice(2)))
  expect(sizes[0] === sizes[1], operation, () => `the images of the two parts differ in size: ${sizes.join(' and ')}`)
  return { train, test, targetNames }
}

const CIFAR_SHAPE = [3, 32, 32]
const CIFAR_PIXELS = sizeOf(CIFAR_SHAPE)
/** The class, then the red, the green and the blue pixels. */
const CIFAR_RECORD = 1 + CIFAR_PIXELS

/**
 * 50,000 colour photographs to train on and 10,000 to test, 32 × 32 pixels in ten classes (Krizhevsky 2009), from the "binary version": `data_batch_1.bin` to
 * `data_batch_5.bin` and `test_batch.bin` in the folder `dir`.        x: [N, 3, 32, 32], y: [N]
 */
export function cifar10(dir: string): ImageData {
  const operation = 'cifar10'
  const part = (names: readonly string[]): LabelledImages => {
    const files = names.map((name) => readOneOf(operation, 'CIFAR-10 (the binary version)', dir, [name]))
    for (const { path, bytes } of files) {
      const isWhole = bytes.length > 0 && bytes.length % CIFAR_RECORD === 0
      expect(isWhole, operation, () => `${path} must have ${CIFAR_RECORD} bytes for each image, got ${bytes.length}; is it cut off?`)
    }
    const n = files.reduce((images, { bytes }) => images + bytes.length / CIFAR_RECORD, 0)
    const x = new Float32Array(n * CIFAR_PIXELS)
    const y = new Int32Array(n)
    let image = 0
    for (const { path, bytes } of files) {
      const first = image
      for (let at = 0; at < bytes.length; at += CIFAR_RECORD, image++) {
        y[image] = bytes[at]
        copyScaled(bytes.subarray(at + 1, at + CIFAR_RECORD), x.subarray(image * CIFAR_PIXELS))
      }
      expectClasses(operation, path, y.subarray(first, image), CIFAR.length)
    }
    return { x: fromHost(operation, x, [n, ...CIFAR_SHAPE]), y: fromHost(operation, y, [n]) }
  }
  return { train: part([1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`)), test: part(['test_batch.bin']), targetNames: CIFAR }
}

/** More than any of these files unzips to: a small file can pretend to hold very much. */
const MAX_BYTES = 2 ** 30

/** The first of these files that is in the folder, by itself or gzipped. */
function readOneOf(operation: string, title: string, dir: string, names: readonly string[]): { path: string; bytes: Uint8Array } {
  expect(
    typeof dir === 'string' && dir !== '',
    operation,
    () => `dir must be the folder that holds the files of ${title}, got ${JSON.stringify(dir)}`,
  )
  const paths = names.flatMap((name) => [`${dir}/${name}`, `${dir}/${name}.gz`])
  const path = findFile(operation, paths)
  if (path === undefined) {
    throw new GradusError(
      operation,
      `${paths[0]} is missing (gzipped, with .gz, would do as well). ${title} does not come with Gradus: ` +
        'download it from where its authors publish it, and pass the folder of its files',
    )
  }
  const bytes = readFile(operation, path)
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
  return { path, bytes: isGzip ? gunzip(operation, path, bytes, MAX_BYTES) : bytes }
}

/** Bytes from 0 to 255 as numbers from 0 to 1. */
function copyScaled(bytes: Uint8Array, x: Float32Array): void {
  for (let i = 0; i < bytes.length; i++) x[i] = bytes[i] / 255
}

function expectClasses(operation: string, path: string, labels: Int32Array, classes: number): void {
  const i = labels.findIndex((label) => label >= classes)
  expect(i < 0, operation, () => `${path}: label ${i} must lie between 0 and ${classes - 1}, got ${labels[i]}`)
}
