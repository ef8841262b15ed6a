import type { Module } from '../nn/index.ts'
import { observe } from '../nn/observe.ts'
import { showShape, stridesOf } from '../reference/array.ts'
import { noGrad, Tensor } from '../tensor/index.ts'

/** What a batch was, and how its loss was found. */
interface Run<Out> {
  model: Module<unknown[], Out>
  inputs: readonly Tensor[]
  target: Tensor
  loss(output: Out, target: Tensor): Tensor
}

/**
 * Where a loss that is not finite comes from. Runs the batch forward once more, on the same parameters, and looks at the inputs, the parameters, and what each module gives.
 */
export async function whereNotFinite<Out>({ model, inputs, target, loss }: Run<Out>): Promise<string> {
  const given: { name: string; tensor: Tensor }[] = []
  const value = noGrad(() => {
    const note = (path: string, module: object, output: unknown) => {
      const name = path === '' ? `the model itself (${module.constructor.name})` : `'${path}' (${module.constructor.name})`
      for (const tensor of tensorsIn(output)) given.push({ name, tensor })
    }
    return loss(
      observe(model.namedModules(), note, () => model.forward(...inputs)),
      target,
    )
  })

  const found: string[] = []
  for (const [i, input] of inputs.entries()) {
    const place = await notFinite(input)
    if (place) found.push(`Input ${i} of the batch holds ${place}.`)
  }
  for (const [name, tensor] of model.namedParameters()) {
    const place = await notFinite(tensor)
    if (!place) continue
    found.push(`'${name}' holds ${place} already: the steps before went too far, and a smaller lr or clipGradNorm may help.`)
    break
  }
  for (const { name, tensor } of given) {
    const place = await notFinite(tensor)
    if (place) return [...found, `The first layer whose output is not finite is ${name}: it gives ${place}.`].join(' ')
  }
  const place = await notFinite(target)
  if (place) found.push(`The target holds ${place}.`)
  const [again] = await value.read()
  found.push(
    Number.isFinite(again)
      ? 'Run once more, the batch has a finite loss, so it comes from what is drawn by chance, such as dropout.'
      : 'The output of every layer is finite: it is the loss function that makes it so.',
  )
  return found.join(' ')
}

/** Its first number that is not finite, and where; undefined if there is none. */
async function notFinite(tensor: Tensor): Promise<string | undefined> {
  const values = await tensor.read()
  const i = values.findIndex((value) => !Number.isFinite(value))
  if (i < 0) return undefined
  const strides = stridesOf(tensor.shape)
  const place = tensor.shape.map((n, axis) => Math.floor(i / strides[axis]) % n)
  return `${values[i]} at ${showShape(place)}`
}

/** The tensors that a module gives: one, or several in (nested) arrays. */
function tensorsIn(output: unknown): Tensor[] {
  if (output instanceof Tensor) return [output]
  return Array.isArray(output) ? output.flatMap(tensorsIn) : []
}
