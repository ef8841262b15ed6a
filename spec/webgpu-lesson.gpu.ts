/** The lesson in WGSL: what content.spec.ts proves of the others, what becomes of kernels that go astray, and the runner around them. */
import { readFileSync, rmSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import * as solution from '../exercises/solutions/webgpu.ts'
import { solutionFile } from '../src/learn/paths.ts'
import { functionsOf } from '../src/learn/source.ts'
import { changed, type Kernel, kernelCall, lessonDevice } from '../src/learn/wgsl.ts'
import { Generator } from '../src/random.ts'
import { matmul } from '../src/reference/matmul.ts'
import { functionsToFill, needsGpu, proveByRunning } from './content.ts'
import { copyOfProject, fillIn, runFile } from './project-copy.ts'
import { startLearning } from './watching.ts'

// A software adapter takes a hundredth of a second for a call: how small the counterexamples become is seen in the other lessons.
proveByRunning(functionsToFill.filter(needsGpu), { patienceMs: 100 })

const stages = [solution.multiplyByElements, solution.multiplyByTiles, solution.multiplyByRegisters, solution.multiplyByVectors]
const generator = new Generator(1)
const whole = (length: number) => generator.uniform(new Float32Array(length), -3.5, 3.5).map(Math.round)

describe('a kernel of the lesson', () => {
  it.each(stages.map((stage) => [stage.name, stage] as const))('%s is the definition, bit by bit for whole numbers', async (_, stage) => {
    const call = kernelCall(stage)
    for (const [m, n, k] of [
      [1, 1, 1],
      [16, 16, 16],
      [64, 64, 64],
      [63, 65, 17],
      [130, 3, 1],
      [2, 129, 100],
      [5, 7, 0],
    ]) {
      const [a, b] = [whole(m * k), whole(k * n)]
      const c = await call(a, b, m, n, k)
      expect([...c], `[${m}, ${k}] × [${k}, ${n}]`).toEqual([...matmul(a, b, { m, n, k })].map((value) => value + 0))
    }
  })

  it('is right where it is worked: the sum and the transpose', async () => {
    for (const [m, n] of [
      [1, 1],
      [16, 33],
      [17, 5],
    ]) {
      const [a, b] = [whole(m * n), whole(m * n)]
      expect([...(await kernelCall(solution.add)(a, b, m, n, 0))]).toEqual([...a.map((value, at) => value + b[at])])
      const transposed = await kernelCall(solution.transpose)(a, b, m, n, 0) // a: [n, m]
      expect([...transposed]).toEqual([...a].map((_, at) => a[(at % n) * m + Math.floor(at / n)]))
    }
  })

  it('finds its workgroup memory made 0', async () => {
    const main = `
    var<workgroup> memory: array<array<f32, 64>, 16>;
    @compute @workgroup_size(16, 16)
    fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
      var sum = 0.0;
      for (var e = thread; e < 1024u; e += 256u) { sum += abs(memory[e / 64u][e % 64u]); memory[e / 64u][e % 64u] = 7.0; }
      storeC(id.y, id.x, sum);
    }`
    const call = kernelCall(() => solution.kernel(16, main))
    const some = new Float32Array(100 * 100)
    for (let run = 0; run < 3; run++) expect(new Set(await call(some, some, 100, 100, 0))).toEqual(new Set([0]))
  })

  it('is timed', async () => {
    expect(await kernelCall(solution.multiplyByElements).time(16, 10)).toBeGreaterThan(0)
  })
})

describe('a kernel that goes astray', () => {
  const [a, b] = [Float32Array.of(1, 3, 7, 5), Float32Array.of(6, 8, 4, 2)]
  const of = (...edits: (readonly [string, string])[]) => changed(solution.multiplyByElements, ...edits)

  it('is stopped where it writes beyond the end of c', async () => {
    await expect(of(['if (i >= size.m || j >= size.n) { return; }', ''])(a, b, 2, 2, 2)).rejects.toThrow(
      'wrote beyond the end of c: only threads',
    )
    await expect(of(['c[i * size.n + j]', 'c[i * size.n + j + 1000u]'])(a, b, 2, 2, 2)).rejects.toThrow('wrote beyond the end of c')
  })

  it('gets NaN where it reads beyond an end, and leaves NaN where it writes nothing', async () => {
    expect([...(await of(['p < size.k', 'p <= size.k'])(a, b, 2, 2, 2))].slice(2)).toEqual([Number.NaN, Number.NaN])
    expect([...(await of(['j >= size.n', 'j >= size.n - 1u'])(a, b, 2, 2, 2))]).toEqual([18, Number.NaN, 62, Number.NaN])
  })

  it('is refused in one line that names the line of its text', async () => {
    const file = solutionFile('webgpu')
    const lines = readFileSync(file, 'utf8').split('\n')
    const at = lines.findIndex((line) => line.includes('sum += a[i * size.k + p]'))
    const { main, ...rest } = solution.multiplyByElements()
    const refused = (text: string, where?: string) => kernelCall(() => ({ ...rest, main: text }) as Kernel, where).compile()
    const broken = main.replace('* b[p * size.n + j]', '* d[p * size.n + j]')
    await expect(refused(broken)).rejects.toThrow(/^unresolved value 'd' {3}\(sum \+= a\[i \* size\.k \+ p\] \* d\[p \* size\.n \+ j\];\)$/)
    // The text as it stands in the file, with a head that lacks what it needs: so the mistake is in a line of the file.
    const headless = kernelCall(
      () => ({ tile: 16, head: solution.kernel(16, '').head.replace(' b: array', ' bb: array').replace('b[p', 'bb[p'), main }),
      file,
    )
    await expect(headless.compile()).rejects.toThrow(
      `unresolved value 'b'   (exercises/solutions/webgpu.ts:${at + 1}: ${lines[at].trim()})`,
    )
  })

  it('is refused where not all threads come to a barrier, where there is no main, and where there is no kernel', async () => {
    const early = changed(solution.multiplyByTiles, ['var sum = 0.0;', 'if (id.x >= size.n) { return; }\n      var sum = 0.0;'])
    await expect(early.compile()).rejects.toThrow("'workgroupBarrier' must only be called from uniform control flow")
    await expect(of(['fn main', 'fn start']).compile()).rejects.toThrow(/main/)
    const none = (() => 'text') as unknown as () => Kernel
    await expect(kernelCall(none).compile()).rejects.toThrow('none returned no kernel: return kernel(tile, text)')
  })

  it('leaves the others a new device when it has lost its own', async () => {
    const call = of()
    expect([...(await call(a, b, 2, 2, 2))]).toEqual([18, 14, 62, 66])
    const device = await lessonDevice()
    device.destroy()
    await device.lost
    expect([...(await call(a, b, 2, 2, 2))]).toEqual([18, 14, 62, 66])
  })
})

describe('the runner', () => {
  const copies: string[] = []
  afterAll(() => {
    for (const copy of copies) rmSync(copy, { recursive: true, force: true })
  })
  const CHECK = ['src/learn/check-cli.ts', 'webgpu']
  const bodies = Object.fromEntries(functionsOf(readFileSync(solutionFile('webgpu'), 'utf8')).map(({ name, body }) => [name, body]))
  async function project(filled: Readonly<Record<string, string>>): Promise<string> {
    const copy = await copyOfProject(['webgpu'])
    copies.push(copy)
    fillIn(copy, 'webgpu', filled)
    return copy
  }

  it('ends with exit code 0 when all functions pass', async () => {
    const { code, out, err } = await runFile(await project(bodies), CHECK)
    expect(out + err).toContain('4 of 4 pass')
    expect(code).toBe(0)
  })

  it('shows the demo on what is filled in, times what is right, and says what is not', async () => {
    const wrong = bodies.multiplyByTiles.replace('var sum', 'var s').replace('fn main', 'fn  main')
    const { code, out } = await runFile(await project({ multiplyByTiles: wrong, multiplyByElements: bodies.multiplyByElements }), [
      'exercises/webgpu.ts',
      '--quick',
    ])
    const text = out.replaceAll(/\s+/g, ' ')
    expect(text).toContain("tiles is not timed: unresolved value 'sum' (exercises/webgpu.ts:")
    expect(text).toContain('3 of 4 products are right')
    expect(out).toMatch(/the library, webgpu +[\d.]+ +[\d.]+\n/)
    expect(text).toContain("the solution's multiplyByRegisters and multiplyByVectors")
    expect(text).toMatch(/✗ multiplyByTiles wrong/)
    expect(text).toMatch(/multiplyByTiles came an error: WGSL: unresolved value 'sum' \(exercises\/webgpu\.ts:\d+: sum \+= tileA/)
    expect(code).toBe(1)
  })

  it('ends an endless loop, and still checks the rest', async () => {
    const endless = bodies.multiplyByElements.replace('p++', 'p += 0u')
    const { code, out } = await runFile(await project({ ...bodies, multiplyByElements: endless }), CHECK)
    expect(out).toContain('did not finish within 5 seconds: an endless loop?')
    expect(out).toContain('3 of 4 pass')
    expect(code).toBe(1)
  })

  it('says what a machine lacks, how to get it, and that the page can be read, in the lesson and in a check', async () => {
    const copy = await project({})
    for (const args of [CHECK, ['exercises/webgpu.ts']]) {
      const { code, out } = await runFile(copy, args, { VK_ICD_FILENAMES: '/nowhere.json' })
      const text = out.replaceAll(/\s+/g, ' ')
      expect(text).toContain('exercises/webgpu.ts cannot be run on this machine webgpu: no adapter was found')
      expect(text.split('no adapter was found')).toHaveLength(2)
      expect(text).toContain('apt install chromium')
      expect(text).toContain('Read docs/webgpu.md: that can be done without.')
      expect(out).not.toMatch(/^ +at /m)
      expect(code).toBe(1)
    }
  })

  it('watches: a verdict after every save, and an end', async () => {
    const copy = await project({})
    const session = startLearning(copy, 'webgpu')
    await session.shows('0 of 4 pass')
    session.mark()
    fillIn(copy, 'webgpu', { multiplyByElements: bodies.multiplyByElements })
    await session.shows('1 of 4 pass')
    session.mark()
    fillIn(copy, 'webgpu', { multiplyByElements: bodies.multiplyByElements.replace('sum +=', 'sum =') })
    await session.shows('only the last product is stored; add it to the sum')
    session.child.kill('SIGINT')
    expect(await session.ended).toBe(130)
  })
})
