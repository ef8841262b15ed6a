/** Lessons in AssemblyScript: what is compiled, what is said when it cannot be, and what becomes of addresses that go astray. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compileText } from '../src/learn/compile.ts'
import { lessonFile, solutionFile } from '../src/learn/paths.ts'
import { Generator } from '../src/random.ts'
import { matmul } from '../src/reference/matmul.ts'
import { hasRelaxedSimd } from '../src/wasm/load.ts'

const solution = readFileSync(solutionFile('simd'), 'utf8')
const compiled = (text: string) => compileText(text, { solution, file: 'exercises/simd.ts' })

const astray = `export function before(a: usize): void {
  store<f32>(a - 4, 1)
}
export function beyond(a: usize, n: i32): void {
  store<f32>(a + 4 * n, 1)
}
export function reads(a: usize, n: i32): f32 {
  return load<f32>(a + 4 * n)
}
export function far(a: usize): f32 {
  return load<f32>(a + 1000000000)
}
export function twice(a: usize, n: i32): void {
  for (let i = 0; i < n; i++) store<f32>(a + 4 * i, 2 * load<f32>(a + 4 * i))
}
`

const stray = compiled(astray)

describe('a function that is compiled', () => {
  it('is called with arrays for addresses, and changes them once', async () => {
    const { functions } = await stray
    const a = Float32Array.of(1, 2, 3)
    functions.twice(a, 2)
    expect([...a]).toEqual([2, 4, 3])
  })

  it('is stopped where it writes beside its arrays, reads far away, or computes from beyond the end', async () => {
    const { functions } = await stray
    const a = Float32Array.of(1, 2, 3)
    expect(() => functions.before(a)).toThrow('before wrote before the start of a')
    expect(() => functions.beyond(a, 3)).toThrow('beyond wrote beyond the end of a')
    expect(() => functions.far(a)).toThrow('far went far outside its arrays')
    expect(functions.reads(a, 2)).toBe(3)
    expect(functions.reads(a, 3)).toBeNaN()
  })
})

describe('a lesson file', () => {
  it('is compiled as shipped: the solution stands in for every blank', async () => {
    const { open, functions, exports } = await compiled(readFileSync(lessonFile('simd'), 'utf8'))
    expect(open).toEqual(['dot', 'axpy', 'multiplyByRows', 'pack', 'tile'])
    expect(functions.dot(Float32Array.of(2, 3), Float32Array.of(2, 1), 4, 2)).toBe(7)
    expect(exports.multiplyByTiles).toBeTypeOf('function')
  })

  it('is blank where it calls blank, not where it speaks of it', async () => {
    const spoken = solution.replace('let sum: f32 = 0', "let sum: f32 = 0 // return blank('dot', a, b, step, k)")
    expect((await compiled(spoken)).open).toEqual([])
  })

  it('may use fused multiply-adds, and nothing but numbers and memory', async () => {
    const fused = solution.replace('f32x4.add(sum, f32x4.mul(x, y))', 'f32x4.relaxed_madd(x, y, sum)')
    const y = Float32Array.of(1, 1, 1, 1, 1)
    if (hasRelaxedSimd()) (await compiled(fused)).functions.axpy(2, Float32Array.of(1, 2, 3, 4, 5), y, 5)
    if (hasRelaxedSimd()) expect([...y]).toEqual([3, 5, 7, 9, 11])
    const talks = solution.replace('let sum: f32 = 0', 'let sum: f32 = 0\n  console.log("here")')
    await expect(compiled(talks)).rejects.toThrow('is not there: a kernel has numbers and memory, and nothing else')
  })

  it('names the line of a mistake, in one line', async () => {
    const lines = solution.split('\n')
    const at = lines.findIndex((line) => line.includes('let sum: f32 = 0'))
    const broken = compiled(lines.with(at, '  let sum: f32 = "0"').join('\n'))
    await expect(broken).rejects.toThrow(new RegExp(`^[^\\n]+ \\(exercises/simd\\.ts:${at + 1}\\)$`))
    await expect(compiled(solution.replace('sum +=', 'total +='))).rejects.toThrow("Cannot find name 'total'")
  })
})

describe('the three products', () => {
  it('are the definition, bit by bit for whole numbers, whatever the shape', async () => {
    const { functions } = await compiled(solution)
    const generator = new Generator(1)
    const whole = (length: number) => generator.uniform(new Float32Array(length), -3.5, 3.5).map(Math.round)
    const sizes = [1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17]
    const size = () => sizes[generator.randint(0, sizes.length, 1)[0]]
    for (let run = 0; run < 60; run++) {
      const [m, n, k] = [size(), size(), run === 0 ? 0 : size()]
      const [a, b] = [whole(m * k), whole(k * n)]
      for (const name of ['multiplyByDots', 'multiplyByRows', 'multiplyByTiles']) {
        const c = new Float32Array(m * n).fill(9)
        functions[name](a, b, c, m, n, k, new Float32Array(32 + k * (m + 11)))
        expect([...c], `${name} [${m}, ${k}] × [${k}, ${n}]`).toEqual([...matmul(a, b, { m, n, k })].map((value) => value + 0))
      }
    }
  })
})
