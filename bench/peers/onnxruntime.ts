/** onnxruntime-web, on as many threads as its argument says: inference only. Each work is a graph of its own, whose weights lie in it. */
import proto from 'onnx-proto'
import * as ort from 'onnxruntime-web'
import { samples } from '../operations/operation.ts'
import { type Prepared, serve, type Work } from '../serve.ts'
import { CNN, numbers, parameters } from '../work.ts'
import { cannot } from './cannot.ts'

ort.env.wasm.numThreads = Number(process.argv[2] ?? 1)

const { onnx } = proto
const MILLION = 1 << 20
const { FLOAT } = onnx.TensorProto.DataType

interface Graph {
  nodes: proto.onnx.INodeProto[]
  inputs: Record<string, readonly number[]>
  output: readonly number[]
  weights?: Record<string, { shape: readonly number[]; values: Float32Array<ArrayBuffer> }>
  /** Version of the operators. */
  opset?: number
}

const node = (opType: string, input: string[], output: string, attribute: proto.onnx.IAttributeProto[] = []): proto.onnx.INodeProto => ({
  opType,
  input,
  output: [output],
  attribute,
})

const integer = (name: string, i: number): proto.onnx.IAttributeProto => ({ name, type: onnx.AttributeProto.AttributeType.INT, i })
const integers = (name: string, ints: number[]): proto.onnx.IAttributeProto => ({
  name,
  type: onnx.AttributeProto.AttributeType.INTS,
  ints,
})

const typed = (name: string, shape: readonly number[]): proto.onnx.IValueInfoProto => ({
  name,
  type: { tensorType: { elemType: FLOAT, shape: { dim: shape.map((dimValue) => ({ dimValue })) } } },
})

function encode({ nodes, inputs, output, weights = {}, opset = 13 }: Graph): Uint8Array {
  return onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: opset }],
    graph: {
      name: 'work',
      node: nodes,
      input: Object.entries(inputs).map(([name, shape]) => typed(name, shape)),
      output: [typed('y', output)],
      initializer: Object.entries(weights).map(([name, { shape, values }]) => ({
        name,
        dataType: FLOAT,
        dims: [...shape],
        rawData: new Uint8Array(values.buffer),
      })),
    },
  }).finish()
}

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)

async function prepare(graph: Graph, result: (y: Float32Array) => ArrayLike<number>): Promise<Prepared> {
  const session = await ort.InferenceSession.create(encode(graph), { executionProviders: ['wasm'] })
  const feeds = Object.fromEntries(
    Object.entries(graph.inputs).map(([name, shape], i) => [name, new ort.Tensor('float32', numbers(sizeOf(shape), i + 1), [...shape])]),
  )
  return {
    run: () => session.run(feeds),
    result: async () => result((await session.run(feeds)).y.data as Float32Array),
    release: () => session.release(),
  }
}

const unary = (opType: string, opset?: number) => () =>
  prepare({ nodes: [node(opType, ['x'], 'y')], inputs: { x: [MILLION] }, output: [MILLION], opset }, samples)

/** Gemm takes flags, so nothing has to be transposed by hand. */
function product(transA: number, transB: number): () => Promise<Prepared> {
  const attributes = [integer('transA', transA), integer('transB', transB)]
  return () =>
    prepare({ nodes: [node('Gemm', ['a', 'b'], 'y', attributes)], inputs: { a: [512, 512], b: [512, 512] }, output: [512, 512] }, samples)
}

function cnnInference(): Promise<Prepared> {
  const window = [integers('kernel_shape', [3, 3]), integers('pads', [1, 1, 1, 1])]
  const halves = [integers('kernel_shape', [2, 2]), integers('strides', [2, 2])]
  const nodes = [
    node('Conv', ['x', '0.weight', '0.bias'], 'c1', window),
    node('Relu', ['c1'], 'r1'),
    node('MaxPool', ['r1'], 'p1', halves),
    node('Conv', ['p1', '3.weight', '3.bias'], 'c2', window),
    node('Relu', ['c2'], 'r2'),
    node('MaxPool', ['r2'], 'p2', halves),
    node('Flatten', ['p2'], 'f'),
    node('Gemm', ['f', '7.weight', '7.bias'], 'y', [integer('transB', 1)]),
  ]
  const weights = Object.fromEntries(Object.entries(parameters(CNN)).map(([name, values]) => [name, { shape: CNN[name], values }]))
  return prepare({ nodes, weights, inputs: { x: [128, 1, 28, 28] }, output: [128, 10] }, (y) => y.slice(0, 3))
}

const work: Work = {
  'matmul NN 512³': product(0, 0),
  'matmul NT 512³': product(0, 1),
  'matmul TN 512³': product(1, 0),
  'exp 1M': unary('Exp'),
  'tanh 1M': unary('Tanh'),
  'gelu 1M': unary('Gelu', 20),
  'add 1M': () => prepare({ nodes: [node('Add', ['a', 'b'], 'y')], inputs: { a: [MILLION], b: [MILLION] }, output: [MILLION] }, samples),
  'sum 1M': () =>
    prepare({ nodes: [node('ReduceSum', ['x'], 'y', [integer('keepdims', 0)])], inputs: { x: [MILLION] }, output: [] }, samples),
  'softmax [128, 1000]': () =>
    prepare({ nodes: [node('Softmax', ['x'], 'y', [integer('axis', -1)])], inputs: { x: [128, 1000] }, output: [128, 1000] }, samples),
  'CNN inference': cnnInference,
  ...cannot('infers only: it has no gradients', ['MLP step', 'CNN step', 'LSTM step', 'Transformer block step']),
}

await serve(work, { version: ort.env.versions.web })
