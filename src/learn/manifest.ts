/** A lesson in the course. Its name is the name of its files: exercises/<name>.ts, exercises/checks/, exercises/solutions/, docs/<name>.md. */
export interface Lesson {
  readonly name: string
  readonly title: string
  /** One sentence: what is learnt. */
  readonly description: string
  /** 'none': plain TypeScript. 'tensor': computes with tensors, so `--backend` chooses where. */
  readonly backend: 'none' | 'tensor'
  /** What `--data` may be; the first is the default. Empty: the lesson brings its own and has no use for `--data`. */
  readonly data: readonly string[]
  /** What else `--data` takes, in words: a file or a folder. Undefined: nothing but those names. */
  readonly dataPath?: string
  /** What the functions are written in, where it is not TypeScript: they are compiled before they are checked. 'wgsl' needs a GPU. */
  readonly language?: 'assemblyscript' | 'wgsl'
}

/** What the functions of a lesson are written in; undefined: TypeScript. */
export const languageOf = (name: string): Lesson['language'] => manifest.find((lesson) => lesson.name === name)?.language

/** All lessons in the order of the course. A lesson depends on no later one. */
export const manifest: readonly Lesson[] = [
  {
    name: 'perceptron',
    title: 'The perceptron',
    description: 'One neuron learns AND, OR and NAND from its mistakes, and cannot learn XOR.',
    backend: 'none',
    data: [],
  },
  {
    name: 'delta-rule',
    title: 'The delta rule',
    description: 'A layer learns three species of iris from how far it is off: by single samples, mini-batches and full batches.',
    backend: 'none',
    data: [],
  },
  {
    name: 'linear-regression',
    title: 'Linear regression',
    description: 'A straight line through points, found by guessing, by local search, by the normal equation and by gradient descent.',
    backend: 'tensor',
    data: [],
  },
  {
    name: 'backprop',
    title: 'Backpropagation',
    description: 'Two layers learn XOR by the chain rule, taken from the back; without a non-linearity they would be one layer.',
    backend: 'none',
    data: [],
  },
  {
    name: 'autograd',
    title: 'Automatic differentiation',
    description: 'You build the tape that finds the gradient of any expression, and train a network on it without deriving anything.',
    backend: 'tensor',
    data: [],
  },
  {
    name: 'mlp',
    title: 'The multilayer perceptron',
    description: 'Three layers learn to read handwritten digits, and the way of holding some out decides how good they look.',
    backend: 'tensor',
    data: [],
  },
  {
    name: 'optimizers',
    title: 'Optimisers',
    description: 'Gradient descent, momentum, Nesterov, Adagrad, RMSprop, Adadelta and Adam race down a ravine, then on digits.',
    backend: 'tensor',
    data: [],
  },
  {
    name: 'regularization',
    title: 'Regularisation',
    description: 'Eight ways against over-fitting: early stopping, L2, dropout, batch norm, noise, label smoothing, mixup and shifts.',
    backend: 'tensor',
    data: [],
  },
  {
    name: 'convolution',
    title: 'Convolution',
    description: 'A small window slides over a picture and finds edges; gradients teach it which, and sharpen what was blurred.',
    backend: 'none',
    data: [],
  },
  {
    name: 'cnn',
    title: 'The convolutional network',
    description: 'Convolutions and pools learn to read digits or clothes; you see what their windows look for and where they find it.',
    backend: 'tensor',
    data: ['digits'],
    dataPath: 'the path of a folder with the IDX files of MNIST or Fashion-MNIST',
  },
  {
    name: 'rnn',
    title: 'The recurrent network',
    description: 'A network with a state learns to remember a bit, by a gradient that goes back through time and may vanish or explode.',
    backend: 'none',
    data: [],
  },
  {
    name: 'lstm',
    title: 'Long short-term memory',
    description: 'A cell with gates remembers two numbers over a hundred steps, where the plain network forgets, and forecasts a series.',
    backend: 'tensor',
    data: ['seasons', 'walk'],
    dataPath: 'the path of a CSV file (its column close or price, or the last one of numbers)',
  },
  {
    name: 'attention',
    title: 'Attention',
    description: 'Tokens look one another up by queries and keys; a Transformer around your own attention learns to sort letters.',
    backend: 'tensor',
    data: [],
  },
  {
    name: 'k-means',
    title: 'Clustering by k-means',
    description: 'Centres and samples look for one another until they rest: groups without labels, beside a network that has them.',
    backend: 'tensor',
    data: [],
  },
  {
    name: 'knn',
    title: 'Nearest neighbours',
    description: 'Whoever is near says what it is: why features are scaled, how many neighbours, and what cross-validation is for.',
    backend: 'tensor',
    data: [],
  },
  {
    name: 'decision-tree',
    title: 'Decision trees and forests',
    description: 'One question after the other until the class is known: impurity, the best cut, over-fitting by depth, and a forest.',
    backend: 'tensor',
    data: [],
  },
  {
    name: 'simd',
    title: 'SIMD and the matrix product',
    description: 'You write the inner loop of every network in WebAssembly: number by number, four at a time, then tile by tile.',
    backend: 'none',
    data: [],
    language: 'assemblyscript',
  },
  {
    name: 'webgpu',
    title: 'The matrix product on a GPU',
    description: 'You write it in WGSL: a thread for every element, tiles in workgroup memory, sums in registers, then vectors.',
    backend: 'none',
    data: [],
    language: 'wgsl',
  },
]
