import { expect, GradusError } from '../errors.ts'
import { isSameShape, showShape } from '../reference/array.ts'
import { noGrad, Tensor } from '../tensor/index.ts'

/** A tensor that a module learns: it requires grad and stands in the state dict. */
export class Parameter extends Tensor {
  constructor(values: Tensor) {
    super(values.detach().clone().storage, values.shape, true)
  }
}

/** A tensor that a module keeps but does not learn, such as a running mean: no gradient, but its place in the state dict. */
export class Buffer extends Tensor {
  constructor(values: Tensor) {
    super(values.detach().clone().storage, values.shape)
  }
}

/**
 * A part of a model. Parameters, buffers and modules that are its properties (or elements of arrays that are) belong to it, under the names of
 * these properties: `encoder.0.weight`. In: what `forward` takes, Out: what it gives.
 */
export abstract class Module<In extends unknown[] = [Tensor], Out = Tensor> {
  /** Whether layers such as dropout behave as in training. Changed by `train()` and `eval()`. */
  training = true

  abstract forward(...inputs: In): Out

  /** The modules that are its properties, by name. */
  *namedChildren(): Generator<[string, Module<unknown[], unknown>]> {
    for (const [name, value] of Object.entries(this)) {
      for (const [key, part] of Array.isArray(value) ? Object.entries(value).map(([i, v]) => [`${name}.${i}`, v]) : [[name, value]]) {
        if (part instanceof Module) yield [key, part]
      }
    }
  }

  /** Itself and all modules inside, each with its path; '' is itself. */
  *namedModules(prefix = ''): Generator<[string, Module<unknown[], unknown>]> {
    yield [prefix, this]
    for (const [name, child] of this.namedChildren()) yield* child.namedModules(prefix ? `${prefix}.${name}` : name)
  }

  /** Every parameter with its path, each once, in the order in which they were set. */
  *namedParameters(): Generator<[string, Parameter]> {
    for (const [path, value] of this.#named()) if (value instanceof Parameter) yield [path, value]
  }

  /** Every buffer with its path, each once. */
  *namedBuffers(): Generator<[string, Buffer]> {
    for (const [path, value] of this.#named()) if (value instanceof Buffer) yield [path, value]
  }

  /** Parameters and buffers, module by module: the order of PyTorch's state dict. */
  *#named(): Generator<[string, Parameter | Buffer]> {
    const seen = new Set<Tensor>()
    for (const [path, module] of this.namedModules()) {
      for (const [name, value] of Object.entries(module)) {
        if (!(value instanceof Parameter || value instanceof Buffer) || seen.has(value)) continue
        seen.add(value)
        yield [path ? `${path}.${name}` : name, value]
      }
    }
  }

  parameters(): Parameter[] {
    return [...this.namedParameters()].map(([, parameter]) => parameter)
  }

  /** The parameters and buffers by path, without their graph: what `loadStateDict` takes. */
  stateDict(): Record<string, Tensor> {
    return Object.fromEntries([...this.#named()].map(([path, tensor]) => [path, tensor.detach()]))
  }

  /** Takes over the values of a state dict, which must name each parameter and buffer, in its shape, and nothing else. */
  loadStateDict(state: Record<string, Tensor>): void {
    const own = new Map(this.#named())
    for (const path of Object.keys(state))
      expect(own.has(path), 'loadStateDict', () => `unexpected entry '${path}'; the model has ${[...own.keys()].join(', ')}`)
    for (const [path, tensor] of own) {
      const value = state[path]
      if (!value) throw new GradusError('loadStateDict', `the entry '${path}', of shape ${showShape(tensor.shape)}, is missing`)
      expect(
        isSameShape(value.shape, tensor.shape),
        'loadStateDict',
        () => `'${path}' must have shape ${showShape(tensor.shape)}, got ${showShape(value.shape)}`,
      )
      expect(value.dtype === tensor.dtype, 'loadStateDict', () => `'${path}' must be ${tensor.dtype}, got ${value.dtype}`)
    }
    noGrad(() => {
      for (const [path, tensor] of own) tensor.copy_(state[path])
    })
  }

  /** Sets it and all modules inside to training, or with `false` to evaluation. */
  train(mode = true): this {
    for (const [, module] of this.namedModules()) module.training = mode
    return this
  }

  eval(): this {
    return this.train(false)
  }
}
