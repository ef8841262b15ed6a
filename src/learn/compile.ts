import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hasRelaxedSimd } from '../wasm/load.ts'
import type { LooseFunction } from './check.ts'
import { callOn } from './compiled-call.ts'
import { type Edit, edited } from './edit.ts'
import { fileOf, shortPath, solutionFile } from './paths.ts'
import { currentRole } from './role.ts'
import { functionsOf } from './source.ts'

/** A lesson's functions as WebAssembly. */
export interface Compiled {
  readonly memory: WebAssembly.Memory
  /** The functions as they are: numbers and addresses in, a number out. */
  readonly exports: Readonly<Record<string, (...args: number[]) => number>>
  /** The same with arrays where the functions have addresses. */
  readonly functions: Readonly<Record<string, LooseFunction>>
  /** The functions that are still blank: the solution stands in for them. */
  readonly open: readonly string[]
}

/** Compiles the functions of the lesson file that calls it, in its demo; what is blank there is the solution's, and the runner says so. */
export async function compileLesson(meta: ImportMeta): Promise<Compiled> {
  const compiled = await compileFile(fileOf(meta), { optimize: true })
  const role = currentRole()
  if (role.kind === 'demo') for (const name of compiled.open) role.usesBlank(name)
  return compiled
}

/** Compiles a lesson file: all that stands between its imports and its demo. An error names the line. To `optimize` takes twice as long. */
export async function compileFile(file: string, { optimize = false } = {}): Promise<Compiled> {
  const text = readFileSync(file, 'utf8')
  return compileText(text, { solution: readFileSync(solutionFile(basename(file, '.ts')), 'utf8'), file: shortPath(file), optimize })
}

/** The solution's functions, compiled when the first of them is called. */
export function compiledSolutions(lesson: string): Readonly<Record<string, LooseFunction>> {
  const names = functionsOf(readFileSync(solutionFile(lesson), 'utf8')).map((f) => f.name)
  return Object.fromEntries(
    names.map((name) => [name, async (...args: unknown[]) => (await compiledSolution(lesson)).functions[name](...args)]),
  )
}

const solutions = new Map<string, Promise<Compiled>>()

/** The solution, compiled once in a process. */
export function compiledSolution(lesson: string): Promise<Compiled> {
  const compiled = solutions.get(lesson) ?? compileFile(solutionFile(lesson))
  solutions.set(lesson, compiled)
  return compiled
}

/**
 * Wrong answers, each made by edits of the solution's text. All that were named are compiled together when the first one is called: a right answer does
 * not wait for them.
 *
 *     const change = changesOf('simd')
 *     change('dot', ['sum +=', 'sum ='])        // the function dot with this edit
 */
export function changesOf(lesson: string): <F>(name: string, ...edits: readonly Edit[]) => F {
  const text = readFileSync(solutionFile(lesson), 'utf8')
  const functions = functionsOf(text)
  const changed: string[] = []
  let compiled: Promise<Compiled> | undefined
  return <F>(name: string, ...edits: readonly Edit[]) => {
    const own = `${name}_${changed.length}`
    const original = functions.find((f) => f.name === name)?.text ?? ''
    changed.push(edited(original, edits, `changesOf: ${name} of ${lesson}`).replace(`function ${name}(`, `function ${own}(`))
    const call = async (...args: unknown[]) => {
      compiled ??= compileText(`${assemblyScriptOf(text)}\n${changed.join('\n')}`, { solution: '', file: `a change of ${lesson}` })
      return (await compiled).functions[own](...args)
    }
    return call as F
  }
}

interface CompileOptions {
  /** The text in which blanks find what stands in for them. */
  readonly solution: string
  /** What an error names. */
  readonly file: string
  readonly optimize?: boolean
}

/** Compiles the text of a lesson. */
export async function compileText(text: string, { solution, file, optimize = false }: CompileOptions): Promise<Compiled> {
  const code = assemblyScriptOf(text)
  const open = functionsOf(code).flatMap(({ name, body }) => (isBlank(name, body) ? [name] : []))
  // The import stands on the first line, so that every line keeps its number.
  const lesson = `import * as solution from "./solution";${code.replaceAll(/\bblank\('(\w+)',? ?/g, 'solution.$1(')}`
  const { wasm, errors } = await ask({ 'lesson.ts': lesson, 'solution.ts': assemblyScriptOf(solution) }, optimize)
  if (wasm === undefined) {
    const [{ message, line }] = errors
    throw new CompileError(`${message}   (${file}${line === undefined ? '' : `:${line}`})`)
  }
  hasRelaxedSimd() // who tries f32x4.relaxed_madd finds it
  const module = new WebAssembly.Module(wasm)
  const [missing] = WebAssembly.Module.imports(module)
  if (missing !== undefined)
    throw new CompileError(`${missing.name} is not there: a kernel has numbers and memory, and nothing else   (${file})`)
  const { exports } = new WebAssembly.Instance(module)
  const memory = exports.memory as WebAssembly.Memory
  const raw = exports as Compiled['exports']
  const functions: Record<string, LooseFunction> = {}
  for (const { name, parameters } of functionsOf(code)) {
    functions[name] = (...args) => callOn(memory, exports[name] as LooseFunction, { name, parameters, args })
  }
  return { memory, exports: raw, functions, open }
}

const isBlank = (name: string, body: string): boolean => body.replaceAll(/\/\/.*/g, '').includes(`blank('${name}'`)

/** What the compiler of AssemblyScript refuses, and where. */
class CompileError extends Error {
  override name = 'AssemblyScript'
}

/** A lesson's text without its imports and its demo: empty lines take their place. */
function assemblyScriptOf(text: string): string {
  const emptied = text.replaceAll(/^import [^']*'[^']*'$/gm, (lines) => lines.replaceAll(/[^\n]/g, ''))
  const demo = emptied.indexOf('\nawait lesson(')
  return demo < 0 ? emptied : emptied.slice(0, demo + 1)
}

/** What asc.js answers: bytes, or errors. */
interface Answer {
  readonly id: number
  readonly wasm?: Uint8Array<ArrayBuffer>
  readonly errors: readonly { readonly message: string; readonly line?: number }[]
}

let compiler: ChildProcess | undefined
let asked = 0

/** Has texts compiled by asc.js, which is started once, and ends with this process. */
function ask(sources: Readonly<Record<string, string>>, optimize: boolean): Promise<Answer> {
  compiler ??= fork(fileURLToPath(new URL('./asc.js', import.meta.url)), [], {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const child = compiler
  const id = asked++
  return new Promise((resolve, reject) => {
    const heard = (answer: Answer) => {
      if (answer.id !== id) return
      waiting(-1)
      resolve(answer)
    }
    const gone = () => {
      compiler = undefined
      waiting(-1)
      reject(new Error('the compiler of AssemblyScript ended: is the package assemblyscript installed? (npm ci)'))
    }
    const waiting = (change: 1 | -1) => {
      child[change === 1 ? 'on' : 'off']('message', heard)
      child[change === 1 ? 'on' : 'off']('exit', gone)
      const isNeeded = child.listenerCount('exit') > 0 // a compiler that nobody waits for keeps no process alive
      child[isNeeded ? 'ref' : 'unref']()
      child.channel?.[isNeeded ? 'ref' : 'unref']()
    }
    waiting(1)
    child.send({ id, sources, optimize })
  })
}
