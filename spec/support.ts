import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { type Tensor, tensor } from '../src/index.ts'

/** Frozen values as the oracle files hold them. */
export interface Frozen {
  shape: number[]
  data: number[]
}

export interface OracleCase {
  op: string
  params: Record<string, never>
  inputs: Record<string, Frozen>
  outputs: Record<string, Frozen>
  upstream: Record<string, Frozen>
  grads: Record<string, Frozen>
}

export function oracle<T = OracleCase>(name: string): T[] {
  return JSON.parse(readFileSync(new URL(`oracles/${name}.json`, import.meta.url), 'utf8')).cases
}

export const thaw = ({ shape, data }: Frozen, options = {}): Tensor => tensor(data, options).reshape(shape)

/** Each number within atol + rtol·|expected|. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, { rtol = 1e-5, atol = 1e-6 } = {}): void {
  expect(actual.length).toBe(expected.length)
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i], expected[i]]
    if (Object.is(a, e) || a === e) continue
    if (!(Math.abs(a - e) <= atol + rtol * Math.abs(e))) expect.fail(`element ${i}: got ${a}, expected ${e}`)
  }
}
