import * as activation from './reference/activation.ts'
import * as adadelta from './reference/adadelta.ts'
import * as adagrad from './reference/adagrad.ts'
import * as adam from './reference/adam.ts'
import * as adamw from './reference/adamw.ts'
import * as arithmetic from './reference/arithmetic.ts'
import type { HostArray } from './reference/array.ts'
import * as attention from './reference/attention.ts'
import * as batchNorm from './reference/batch-norm.ts'
import * as cast from './reference/cast.ts'
import * as check from './reference/check.ts'
import * as convolution from './reference/convolution.ts'
import * as crossEntropy from './reference/cross-entropy.ts'
import * as distance from './reference/distance.ts'
import * as elementwise from './reference/elementwise.ts'
import * as gather from './reference/gather.ts'
import * as gru from './reference/gru.ts'
import * as layerNorm from './reference/layer-norm.ts'
import * as linear from './reference/linear.ts'
import * as lstm from './reference/lstm.ts'
import * as matmul from './reference/matmul.ts'
import { type MemoryKernels, memory } from './reference/memory.ts'
import * as nadam from './reference/nadam.ts'
import * as pooling from './reference/pooling.ts'
import * as reduction from './reference/reduction.ts'
import * as rmsprop from './reference/rmsprop.ts'
import * as rnn from './reference/rnn.ts'
import * as sgd from './reference/sgd.ts'
import * as softmax from './reference/softmax.ts'
import * as split from './reference/split.ts'
import * as strided from './reference/strided.ts'

/**
 * The contract that every backend fulfils. A kernel takes contiguous row-major arrays and plain options and returns new arrays;
 * only those named ...Into write into their first arguments (updates into lists of arrays, one for each parameter of a model). What each
 * one computes is defined in `src/reference/`.
 * A is the backend's kind of array: a typed array here, a place in WASM memory or a GPU buffer elsewhere.
 */
export interface Kernels<A>
  extends MemoryKernels<A>,
    activation.ActivationKernels<A>,
    adadelta.AdadeltaKernels<A>,
    adagrad.AdagradKernels<A>,
    adam.AdamKernels<A>,
    adamw.AdamwKernels<A>,
    arithmetic.ArithmeticKernels<A>,
    attention.AttentionKernels<A>,
    batchNorm.BatchNormKernels<A>,
    cast.CastKernels<A>,
    check.CheckKernels<A>,
    convolution.ConvolutionKernels<A>,
    crossEntropy.CrossEntropyKernels<A>,
    elementwise.ElementwiseKernels<A>,
    gather.GatherKernels<A>,
    gru.GruKernels<A>,
    layerNorm.LayerNormKernels<A>,
    linear.LinearKernels<A>,
    lstm.LstmKernels<A>,
    matmul.MatmulKernels<A>,
    nadam.NadamKernels<A>,
    pooling.PoolingKernels<A>,
    reduction.ReductionKernels<A>,
    rmsprop.RmspropKernels<A>,
    rnn.RnnKernels<A>,
    sgd.SgdKernels<A>,
    softmax.SoftmaxKernels<A>,
    strided.StridedKernels<A> {}

/**
 * What estimators compute with. All branches and few numbers: they run on the host (reference or wasm) whatever the backend, so a GPU
 * need not have them.
 */
export interface HostKernels<A> extends MemoryKernels<A>, distance.DistanceKernels<A>, split.SplitKernels<A> {}

/** The definitions themselves, as a backend. A missing one does not compile. */
export const reference: Kernels<HostArray> & HostKernels<HostArray> = {
  ...memory,
  ...activation,
  ...adadelta,
  ...adagrad,
  ...adam,
  ...adamw,
  ...arithmetic,
  ...attention,
  ...batchNorm,
  ...cast,
  ...check,
  ...convolution,
  ...crossEntropy,
  ...distance,
  ...elementwise,
  ...gather,
  ...gru,
  ...layerNorm,
  ...linear,
  ...lstm,
  ...matmul,
  ...nadam,
  ...pooling,
  ...reduction,
  ...rmsprop,
  ...rnn,
  ...sgd,
  ...softmax,
  ...split,
  ...strided,
}
