import type { BackendName } from '../tensor/backend.ts'
import type { Verdict } from './judge.ts'
import type { DemoOptions } from './role.ts'

/** What a child process is asked to do. Its arguments are `kind` and `lesson`; it loads what it can, and waits for this message. */
export type Request = CheckRequest | DemoRequest

export interface CheckRequest {
  readonly kind: 'check'
  readonly lesson: string
  /** The file to check: the learner's, or the solution itself. */
  readonly file: string
  readonly seed: number
  readonly backend?: BackendName
  /** Functions that have their verdict already. */
  readonly done: readonly string[]
}

export interface DemoRequest {
  readonly kind: 'demo'
  readonly lesson: string
  readonly file: string
  readonly options: DemoOptions
  /** Where pictures are saved as SVG, too. */
  readonly svg?: string
  /** Columns of the terminal, where the demo does not write to it itself. */
  readonly columns?: number
}

/** What a child process says while it works. */
export type Message =
  | { readonly type: 'broken'; readonly text: string }
  | { readonly type: 'lacking'; readonly text: string }
  | { readonly type: 'loaded' }
  | { readonly type: 'checking'; readonly name: string }
  | { readonly type: 'verdict'; readonly verdict: Verdict }
  | { readonly type: 'alive' }
  | { readonly type: 'blank'; readonly name: string }
  | { readonly type: 'failed'; readonly text: string }
  | { readonly type: 'done' }
