import type { Picture } from '../plot/picture.ts'
import type { BackendName } from '../tensor/backend.ts'

/** A function of a lesson, of whatever type. */
export type AnyFunction = (...args: never[]) => unknown

/** What a process is for. A lesson file is run by the learner (front), and imported by two children: one shows its demo, one checks its functions. */
export type Role =
  | { readonly kind: 'front' }
  | { readonly kind: 'demo'; readonly url: string; readonly solutions: Solutions; readonly start: DemoStart; usesBlank(name: string): void }
  | { readonly kind: 'check'; readonly solutions: Solutions; readonly name: string }

export type Solutions = Readonly<Record<string, unknown>>

/** Runs the demo that a lesson file hands over. */
export type DemoStart = (demo: Demo) => Promise<void>

/** What `lesson` takes: the demo, written on the lesson's own functions. */
export type Demo = (context: DemoContext) => void | Promise<void>

/** What a demo works with. */
export interface DemoContext {
  /** Shows a picture, or a text that was drawn already, with a line below it that says what is seen. */
  show(picture: Picture | string, caption?: string): void
  /** Prints lines. */
  print(...lines: string[]): void
  /** Says how far a long training is, on one line that is overwritten. */
  status(line: string): void
  readonly options: DemoOptions
}

/** What the learner asked for on the command line. */
export interface DemoOptions {
  /** `--seed`, or 1. */
  readonly seed: number
  /** `--epochs`, or undefined: the lesson's own number. */
  readonly epochs: number | undefined
  /** `--data`: a name or, where the manifest allows it, a path; or the first that the manifest names, or ''. */
  readonly data: string
  /** `--backend`, or undefined: the engine's own choice. It has been applied already. */
  readonly backend: BackendName | undefined
  /** `--quick`: a shorter demo. */
  readonly quick: boolean
}

let role: Role = { kind: 'front' }

export const currentRole = (): Role => role

export function setRole(next: Role): void {
  role = next
}
