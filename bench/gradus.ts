/**
 * Gradus as a contender: `gradus.ts reference`, or `gradus.ts wasm` with GRADUS_SIMD (plain, relaxed) and GRADUS_THREADS.
 * Its work is every operation, every model, and the ceilings of the instructions that it is made of.
 */
import { setBackend } from '../src/index.ts'
import { reference } from '../src/kernels.ts'
import { loadWasm } from '../src/wasm/index.ts'
import { ceilingWork } from './ceilings.ts'
import { estimatorWork } from './estimators.ts'
import { models } from './models.ts'
import { families } from './operations/index.ts'
import { prepareOperation } from './operations/operation.ts'
import { measureOverhead } from './overhead.ts'
import { serve, type Work } from './serve.ts'

const isReference = process.argv[2] === 'reference'
await setBackend(isReference ? 'reference' : 'wasm')
const wasm = isReference ? null : await loadWasm()

const work: Work = { ...estimatorWork, ...(wasm ? ceilingWork(Number(process.env.GRADUS_THREADS ?? 1)) : {}) }
for (const operation of families.flatMap(({ operations }) => operations)) {
  work[operation.name] = () => (wasm ? prepareOperation(wasm, operation) : prepareOperation(reference, operation))
}
for (const { name, build } of models) {
  work[name] = () => {
    const step = build()
    // the numbers of an inference, or the losses of the first three steps: the third knows of gradients and updates
    const outputs = async () => (await step().read()).slice(0, 3)
    const result = async () => [...(await outputs()), ...(await outputs()), ...(await outputs())]
    return { run: step, result }
  }
}

await serve(work, { other: Object.fromEntries(models.map(({ name, build }) => [name, () => measureOverhead(build)])) })
