// A process of its own for the learner's code: it may throw, exit or never end, and the runner lives on.
import { pathToFileURL } from 'node:url'
import type { BackendName } from '../tensor/backend.ts'
import { OpenBlank } from './blank.ts'
import { loadContent, loadSolutions, prepare, subjectOf } from './content.ts'
import { createContext } from './demo.ts'
import { errorText, Lacking } from './failure.ts'
import type { Subject } from './judge.ts'
import { languageOf } from './manifest.ts'
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
  if (languageOf(lesson) !== 'assemblyscript') return loadLesson(pathToFileURL(file).href)
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
        await finish({ type: error instanceof Lacking ? 'lacking' : 'failed', text: errorText(error) })
      }
    },
  })
  await choose(options.backend)
  await loadLesson(url)
}

/** A GPU takes its time for each answer, a software adapter above all: so each call is a sign of life, and only one that never returns is endless. */
function heard<F>(fn: F): F {
  if (typeof fn !== 'function') return fn
  const call = (...args: unknown[]) => {
    send({ type: 'alive' })
    return fn(...args)
  }
  return Object.assign(call, fn)
}

/** The same with the functions that an answer is compared with. */
function heardSubject({ fn, solution, check, ...rest }: Subject): Subject {
  const mutants = Object.fromEntries(Object.entries(check.mutants).map(([sentence, mutant]) => [sentence, heard(mutant)]))
  return { ...rest, fn: heard(fn), solution: heard(solution), check: { ...check, mutants } }
}

async function check(): Promise<void> {
  const [content, { judge }] = await Promise.all([loadContent(lesson), import('./judge.ts')])
  const failure = await prepare(content).then(
    () => undefined,
    (error: unknown) => error,
  )
  await send({ type: 'alive' })
  const { file, seed, backend, done } = (await asked) as CheckRequest // in a child that is got ready, long after all is loaded
  if (failure instanceof Lacking) return finish({ type: 'lacking', text: errorText(failure) })
  if (failure !== undefined) throw failure
  const { solutions } = content
  setRole({ kind: 'check', solutions, name: '' })
  await choose(backend)
  const learner = await loadFunctions(file)
  await send({ type: 'loaded' })
  for (const name of content.blanks) {
    if (done.includes(name)) continue
    await send({ type: 'checking', name })
    setRole({ kind: 'check', solutions, name })
    const subject = subjectOf(content, name, learner[name], file)
    const isOnGpu = backend === 'webgpu' || languageOf(lesson) === 'wgsl'
    await send({ type: 'verdict', verdict: await judge(isOnGpu ? heardSubject(subject) : subject, { seed }) })
  }
}
