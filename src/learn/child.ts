// A process of its own for the learner's code: it may throw, exit or never end, and the runner lives on.
import { pathToFileURL } from 'node:url'
import type { BackendName } from '../tensor/backend.ts'
import { OpenBlank } from './blank.ts'
import { isCompiled, loadContent, loadSolutions, subjectOf } from './content.ts'
import { createContext } from './demo.ts'
import { errorText } from './failure.ts'
import type { CheckRequest, DemoRequest, Message, Request } from './message.ts'
import { setRole } from './role.ts'

const [, , kind, lesson] = process.argv
const asked = new Promise<Request>((hear) => process.once('message', hear))
process.on('uncaughtException', (error) => finish({ type: 'failed', text: errorText(error) }))
process.on('disconnect', () => process.exit()) // the runner is gone
process.stdout.on('error', () => process.exit()) // nobody reads any more: `| head`
await (kind === 'demo' ? demo() : check())
await finish({ type: 'done' })

function send(message: Message): Promise<void> {
  return new Promise((sent) => (process.send ? process.send(message, () => sent()) : sent()))
}

async function finish(message: Message): Promise<never> {
  await send(message)
  await new Promise((flushed) => process.stdout.write('', flushed))
  process.exit()
}

async function choose(backend: BackendName | undefined): Promise<void> {
  if (backend !== undefined) await (await import('../tensor/backend.ts')).setBackend(backend)
}

async function loadFunctions(file: string): Promise<Readonly<Record<string, unknown>>> {
  if (!isCompiled(lesson)) return loadLesson(pathToFileURL(file).href)
  const { compileFile } = await import('./compile.ts')
  try {
    const { functions, open } = await compileFile(file)
    const throwing = (name: string) => () => {
      throw new OpenBlank(name)
    }
    return { ...functions, ...Object.fromEntries(open.map((name) => [name, throwing(name)])) }
  } catch (error) {
    return finish({ type: 'broken', text: errorText(error) })
  }
}

async function loadLesson(url: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(url)) as Readonly<Record<string, unknown>>
  } catch (error) {
    return finish({ type: 'broken', text: errorText(error) })
  }
}

async function demo(): Promise<void> {
  const solutions = await loadSolutions(lesson)
  const { file, options, svg, columns } = (await asked) as DemoRequest
  if (columns !== undefined) process.stdout.columns = columns
  const used = new Set<string>()
  const url = `${pathToFileURL(file).href}?demo` // a module of its own, where the lesson is the solution, which is loaded already
  setRole({
    kind: 'demo',
    url,
    solutions,
    usesBlank: (name) => {
      if (!used.has(name)) send({ type: 'blank', name })
      used.add(name)
    },
    start: async (run) => {
      await send({ type: 'loaded' })
      try {
        await run(createContext({ lesson, options, svg, alive: () => send({ type: 'alive' }) }))
      } catch (error) {
        await finish({ type: 'failed', text: errorText(error) })
      }
    },
  })
  await choose(options.backend)
  await loadLesson(url)
}

/** A GPU takes its time for each number that is read, a software adapter above all: each call of the function is a sign of life, so only one that never returns is endless. */
function heard(fn: unknown): unknown {
  if (typeof fn !== 'function') return fn
  return (...args: unknown[]) => {
    send({ type: 'alive' })
    return fn(...args)
  }
}

async function check(): Promise<void> {
  const [content, { judge }] = await Promise.all([loadContent(lesson), import('./judge.ts')])
  if (isCompiled(lesson)) {
    await (await import('./compile.ts')).compiledSolution(lesson) // from now on the compiler is warm
    await send({ type: 'alive' })
  }
  const { file, seed, backend, done } = (await asked) as CheckRequest // in a child that is got ready, long after all is loaded
  const { solutions } = content
  setRole({ kind: 'check', solutions, name: '' })
  await choose(backend)
  const learner = await loadFunctions(file)
  await send({ type: 'loaded' })
  for (const name of content.blanks) {
    if (done.includes(name)) continue
    await send({ type: 'checking', name })
    setRole({ kind: 'check', solutions, name })
    const fn = backend === 'webgpu' ? heard(learner[name]) : learner[name]
    await send({ type: 'verdict', verdict: await judge(subjectOf(content, name, fn), { seed }) })
  }
}
