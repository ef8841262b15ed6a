import { GradusError } from '../errors.ts'
import type { HostKernels, Kernels } from '../kernels.ts'
import { type ActivationExports, activation } from './kernels/activation.ts'
import { type AdadeltaExports, adadelta } from './kernels/adadelta.ts'
import { type AdagradExports, adagrad } from './kernels/adagrad.ts'
import { type AdamExports, adam } from './kernels/adam.ts'
import { type AdamwExports, adamw } from './kernels/adamw.ts'
import { type ArithmeticExports, arithmetic } from './kernels/arithmetic.ts'
import { type AttentionExports, attention } from './kernels/attention.ts'
import { type BatchNormExports, batchNorm } from './kernels/batch-norm.ts'
import { cast } from './kernels/cast.ts'
import { type CheckExports, check } from './kernels/check.ts'
import { type ConvolutionExports, convolution } from './kernels/convolution.ts'
import { type CrossEntropyExports, crossEntropy } from './kernels/cross-entropy.ts'
import { type DistanceExports, distance } from './kernels/distance.ts'
import { type ElementwiseExports, elementwise } from './kernels/elementwise.ts'
import { type GatherExports, gather } from './kernels/gather.ts'
import { type GruExports, gru } from './kernels/gru.ts'
import { type LayerNormExports, layerNorm } from './kernels/layer-norm.ts'
import { linear } from './kernels/linear.ts'
import { type LstmExports, lstm } from './kernels/lstm.ts'
import { type MatmulExports, matmul } from './kernels/matmul.ts'
import { arrays, type MemoryExports } from './kernels/memory.ts'
import { type NadamExports, nadam } from './kernels/nadam.ts'
import { type PoolingExports, pooling } from './kernels/pooling.ts'
import { type ReductionExports, reduction } from './kernels/reduction.ts'
import { type RmspropExports, rmsprop } from './kernels/rmsprop.ts'
import { type RnnExports, rnn } from './kernels/rnn.ts'
import { type SgdExports, sgd } from './kernels/sgd.ts'
import { type SoftmaxExports, softmax } from './kernels/softmax.ts'
import { type SplitExports, split } from './kernels/split.ts'
import { type StridedExports, strided } from './kernels/strided.ts'
import { type Loaded, load, loadAsync, type Simd } from './load.ts'
import { type WasmArray, WasmMemory } from './memory.ts'
import { Threads, type ThreadsOptions, threadCount } from './threads.ts'

/** Everything that assembly/ exports for the kernels. */
export interface Exports
  extends ActivationExports,
    AdadeltaExports,
    AdagradExports,
    AdamExports,
    AdamwExports,
    ArithmeticExports,
    AttentionExports,
    BatchNormExports,
    CheckExports,
    ConvolutionExports,
    CrossEntropyExports,
    DistanceExports,
    ElementwiseExports,
    GatherExports,
    GruExports,
    LayerNormExports,
    LstmExports,
    MatmulExports,
    MemoryExports,
    NadamExports,
    PoolingExports,
    ReductionExports,
    RmspropExports,
    RnnExports,
    SgdExports,
    SoftmaxExports,
    SplitExports,
    StridedExports {
  /** Writes constants that the kernels read into the first bytes of the memory, once. */
  writeConstants(): void
}

/** The fast definitions as a backend, each with a memory of its own. */
export interface Wasm {
  kernels: Kernels<WasmArray> & HostKernels<WasmArray>
  memory: WasmMemory
  threads: Threads
  simd: Simd
}

export interface WasmOptions extends ThreadsOptions {
  /** The build, instead of the one that GRADUS_SIMD names or that the engine can run. */
  simd?: Simd
}

/** The first KiB holds constants; and no array lies at 0, which stands for "none". */
const HEAP_BASE = 1024

/** A backend on a loaded module. */
export function backendOn(loaded: Loaded<Exports>, options: ThreadsOptions = {}): Wasm {
  const { exports, simd } = loaded
  const memory = new WasmMemory(loaded.memory, HEAP_BASE)
  const threads = new Threads(loaded, { ...options, threads: threadCount(options.threads) })
  exports.writeConstants()
  const core = { exports, memory, threads }
  const products = matmul(core)
  const reductions = reduction(core)
  const storage = arrays(core)
  const affine = { ...products, ...reductions, copy: storage.copy }
  const kernels: Wasm['kernels'] = {
    ...storage,
    ...activation(core),
    ...adadelta(core),
    ...adagrad(core),
    ...adam(core),
    ...adamw(core),
    ...arithmetic(core),
    ...attention(core),
    ...batchNorm(core),
    ...cast(core),
    ...check(core),
    ...convolution(core),
    ...crossEntropy(core),
    ...distance(core),
    ...elementwise(core),
    ...gather(core),
    ...gru(core, affine),
    ...layerNorm(core),
    ...linear(core),
    ...lstm(core, affine),
    ...nadam(core),
    ...pooling(core),
    ...products,
    ...reductions,
    ...rmsprop(core),
    ...rnn(core, affine),
    ...sgd(core),
    ...softmax(core),
    ...split(core),
    ...strided(core, reductions),
  }
  return { kernels, memory, threads, simd }
}

/** A backend of its own, beside the one that the tensors use, in the build asked for. Node only. */
export function createWasm({ simd, ...options }: WasmOptions = {}): Wasm {
  return backendOn(load(simd), options)
}

let shared: Wasm | null = null

/** The backend where it can be loaded at once (Node), null elsewhere (browsers load it by `loadWasm`). */
export function loadWasmSync(): Wasm['kernels'] | null {
  if (shared === null && typeof process === 'undefined') return null
  shared ??= createWasm()
  return shared.kernels
}

/** The same, where the file has to be fetched first; with so many threads from now on, if it is said how many. */
export async function loadWasm({ threads }: { threads?: number } = {}): Promise<Wasm['kernels']> {
  const size = threads === undefined ? undefined : threadCount(threads)
  shared ??= backendOn(await loadAsync(), { threads })
  if (size !== undefined) shared.threads.size = size
  return shared.kernels
}

/** What the shared backend's memory holds at the moment, for whoever watches it. */
export function wasmStats(): ReturnType<WasmMemory['stats']> {
  loadWasmSync()
  if (shared === null) throw new GradusError('wasmStats', "the backend is not loaded: await setBackend('wasm') first")
  return shared.memory.stats()
}
