import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Block, Blocks, blockSize } from '../src/wasm/blocks.ts'

const BASE = 1024
const END = 256 * 1024

/** Blocks in use do not overlap, lie between base and top, and sum to `used`. */
function expectDisjoint(blocks: Blocks, held: readonly Block[]): void {
  const sorted = [...held].sort((a, b) => a.address - b.address)
  let end = BASE
  for (const block of sorted) {
    expect(block.address % 64).toBe(0)
    expect(block.address).toBeGreaterThanOrEqual(end)
    end = block.address + block.size
  }
  expect(end).toBeLessThanOrEqual(blocks.top)
  expect(held.reduce((sum, { size }) => sum + size, 0)).toBe(blocks.used)
}

type Action = { take: number } | { give: number } | { unite: number }
const actions = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ take: fc.nat(40_000) }) },
    { weight: 4, arbitrary: fc.record({ give: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ unite: fc.nat(60_000) }) },
  ),
  { minLength: 1, maxLength: 200 },
)

describe('blocks', () => {
  it('never overlap, and everything given back is one stretch again', () => {
    fc.assert(
      fc.property(actions, (script: Action[]) => {
        const blocks = new Blocks(BASE)
        const held: Block[] = []
        for (const action of script) {
          if ('give' in action) {
            if (held.length > 0) blocks.give(held.splice(action.give % held.length, 1)[0])
          } else {
            const size = blockSize('take' in action ? action.take : action.unite)
            const block = 'take' in action ? blocks.take(size, END) : blocks.unite(size, END, 1, () => {})
            if (block !== null) {
              expect(block.size).toBe(size)
              held.push(block)
            }
          }
          expectDisjoint(blocks, held)
        }
        for (const block of held) blocks.give(block)
        expect(blocks.used).toBe(0)
        expect(blocks.top).toBe(BASE)
        expect(blocks.take(END - BASE, END)?.address).toBe(BASE)
      }),
      { numRuns: 200 },
    )
  })

  it('unite scattered free bytes whenever their sum suffices, and carry the numbers along', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 2, maxLength: 60 }),
        fc.infiniteStream(fc.boolean()),
        (units, coins) => {
          const bytes = new Uint8Array(END)
          const blocks = new Blocks(BASE)
          const all = units.map((n) => blocks.take(n * 64, END) as Block)
          const end = blocks.top
          const held: Block[] = []
          const free: Block[] = []
          for (const block of all) (coins.next().value ? held : free).push(block)
          for (const [i, block] of held.entries()) bytes.fill(i + 1, block.address, block.address + block.size)
          for (const block of free) blocks.give(block)
          const size = end - BASE - blocks.used
          if (size === 0) return
          expect(blocks.unite(size + 64, end, 1, () => {})).toBe(null)
          const move = (from: number, to: number, n: number) => bytes.copyWithin(to, from, from + n)
          const united = (blocks.take(size, end) ?? blocks.unite(size, end, 1, move)) as Block
          expect(united.size).toBe(size)
          expectDisjoint(blocks, [...held, united])
          for (const [i, block] of held.entries()) {
            expect(bytes.subarray(block.address, block.address + block.size).every((b) => b === i + 1)).toBe(true)
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  it('leave a block whose address the running call knows where it is', () => {
    const blocks = new Blocks(BASE)
    const [a, fixed, c] = [1, 1, 1].map(() => blocks.take(640, BASE + 1920) as Block)
    fixed.fixed = 7
    blocks.give(a)
    blocks.give(c)
    expect(blocks.unite(1280, BASE + 1920, 7, () => {})).toBe(null)
    expect(fixed.address).toBe(BASE + 640)
    expect(blocks.unite(1280, BASE + 1920, 8, () => {})).not.toBe(null)
    expect(fixed.address).toBe(BASE)
  })

  it('hand out the freshest block of exactly the size first', () => {
    const blocks = new Blocks(BASE)
    const taken = [640, 64, 640, 64, 704, 64].map((size) => blocks.take(size, END) as Block)
    for (const i of [4, 0, 2]) blocks.give(taken[i])
    expect(blocks.take(640, END)?.address).toBe(taken[2].address)
    expect(blocks.take(640, END)?.address).toBe(taken[0].address)
    expect(blocks.take(640, END)?.address).toBe(taken[4].address) // no exact one is left
  })
})
