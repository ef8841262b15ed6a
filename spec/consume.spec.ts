/** An array that a call is the last to need, and the result that may take its place. */
import { describe, expect, it } from 'vitest'
import type { WasmArray } from '../src/wasm/memory.ts'
import { countTo, create, KiB, make, same, view } from './memory-arrays.ts'

describe('what a call is the last to need', () => {
  it('makes room for the result in its own place', () => {
    const memory = create(64 * KiB)
    const [dy, x] = [make(memory, 4000), make(memory, 4000)]
    const { block } = dy
    const { usedBytes, arrays } = memory.stats()
    const dx = memory.consume(dy, () => {
      memory.begin('relu', dy, x)
      const dx = memory.successor(dy)
      expect(memory.address(dx)).toBe(memory.address(dy))
      expect(same(view(memory, dy), countTo(4000))).toBe(true)
      return dx
    })
    expect([dx.block, dy.block, dy.state]).toEqual([block, null, 'released'])
    expect(memory.stats()).toMatchObject({ usedBytes, arrays })
  })

  it('is free afterwards where no result has taken its place, whatever has gone wrong', () => {
    const memory = create()
    const [a, b] = [make(memory, 10), make(memory, 10)]
    const sum = memory.consume(a, () => make(memory, 1, a))
    const fail = () => {
      throw new Error('no')
    }
    expect(() => memory.consume(b, fail)).toThrow('no')
    expect([a.state, b.state, memory.stats().arrays]).toEqual(['released', 'released', 1])
    expect(memory.download(sum, 'sum')[0]).toBe(1)
  })

  it('leaves in peace what is needed later', () => {
    const memory = create()
    const x = make(memory, 10)
    memory.begin('relu', x)
    view(memory, memory.successor(x)).fill(-1)
    expect(same(memory.download(x, 'make'), countTo(10))).toBe(true)
  })

  it('is not there for a second call, nor for a look, once it has been written over: an error, not garbage', () => {
    const memory = create()
    const message = 'an array made by make is used after it has been released'
    const over = (x: WasmArray) => {
      memory.begin('relu', x)
      return memory.successor(x)
    }
    const consume = (then: (x: WasmArray) => void) => {
      const x = make(memory, 10)
      return () => memory.consume(x, () => [over(x), then(x)])
    }
    expect(consume((x) => memory.begin('mul', x))).toThrow(`mul: ${message}`)
    expect(consume((x) => memory.download(x, 'mul'))).toThrow(`mul: ${message}`)
    expect(consume((x) => memory.release(x))).toThrow('release: an array made by make has been released before')
    const x = make(memory, 10)
    memory.consume(x, () => over(x))
    expect(() => memory.consume(x, () => 0)).toThrow('consume: an array made by make has been released before')
    expect(() => memory.download(x, 'exp')).toThrow(`exp: ${message}`)
    expect(memory.peek(x)).toBe(null)
  })
})
