/** The lessons are content, and content is checked like code: for all that the manifest names. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { manifest } from '../src/learn/manifest.ts'
import { checksFile, lessonFile, pageFile, root, solutionFile } from '../src/learn/paths.ts'
import { ProgressFile } from '../src/learn/progress.ts'
import { functionsOf, openingComment } from '../src/learn/source.ts'
import { contents, functionsToFill, needsGpu, proveByRunning, read } from './content.ts'

describe('the rooms', () => {
  it.each(manifest.map(({ name }) => name))('%s has its file, checks, solutions and page', (name) => {
    for (const file of [lessonFile(name), checksFile(name), solutionFile(name), pageFile(name)]) expect(existsSync(file), file).toBe(true)
  })

  it('hold no lesson that the manifest does not name', () => {
    const named = manifest.map(({ name }) => `${name}.ts`).sort()
    for (const folder of ['exercises', 'exercises/checks', 'exercises/solutions']) {
      expect(
        readdirSync(join(root, folder))
          .filter((file) => file.endsWith('.ts'))
          .sort(),
        folder,
      ).toEqual(named)
    }
  })

  it('name every lesson once, with a title and a sentence', () => {
    expect(new Set(manifest.map(({ name }) => name)).size).toBe(manifest.length)
    for (const { name, title, description } of manifest) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/)
      expect(title).toMatch(/^[A-Z]/)
      expect(description).toMatch(/^[A-Z][\s\S]{20,118}\.$/)
    }
  })
})

describe.each(contents.map((content) => [content.name, content] as const))('%s as text', (name, content) => {
  const solved = functionsOf(content.solutionText)
  const shipped = functionsOf(content.shipped)

  it('is shipped as its solution without the bodies of the blanks', () => {
    const filled = new ProgressFile(() => {}).lesson(name).passed // somebody is learning here
    if (filled.length === 0) expect(read(lessonFile(name)), `npx tsx scripts/lessons.ts ${name} writes it`).toBe(content.shipped)
    for (const { name: fn, body, parameters } of shipped) {
      expect(body.includes('blank('), fn).toBe(content.blanks.includes(fn))
      if (content.blanks.includes(fn))
        expect(body.trim()).toMatch(new RegExp(`^(return )?blank\\('${[fn, ...parameters].join(', ').replace(fn, `${fn}'`)}\\)$`))
    }
  })

  it('has three to six blanks in the order of the file, and a worked neighbour', () => {
    const names = shipped.map((fn) => fn.name)
    expect(content.blanks.length).toBeGreaterThanOrEqual(3)
    expect(content.blanks.length).toBeLessThanOrEqual(6)
    expect(names.filter((fn) => content.blanks.includes(fn))).toEqual(content.blanks)
    expect(names.length, 'exported functions: at least one is worked').toBeGreaterThan(content.blanks.length)
    expect(content.solutionText).toMatch(/\/\/ worked: /)
  })

  it('gives every function a docstring with its shapes, the same in the lesson and in the solution', () => {
    for (const [i, fn] of shipped.entries()) {
      expect(fn.docstring, fn.name).toMatch(/^\/\*\*[\s\S]+\S -> \S[\s\S]+\*\/$/)
      expect(solved[i].docstring).toBe(fn.docstring)
      expect(solved[i].head).toBe(fn.head)
    }
  })

  it('opens with the concept, in lines that a terminal of 80 columns holds', () => {
    const lines = openingComment(content.solutionText).split('\n')
    expect(lines.length).toBeGreaterThanOrEqual(3)
    expect(lines.length).toBeLessThanOrEqual(14)
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(78)
  })
})

describe.each(functionsToFill)('%s: %s', (_, fn, content) => {
  const { hints, frozen, mutants } = content.checks[fn]

  it('has three hints, each another one, and none longer than a screen', () => {
    expect(hints).toHaveLength(3)
    expect(new Set(hints).size).toBe(3)
    for (const hint of hints) {
      expect(hint.length).toBeGreaterThan(10)
      for (const line of hint.split('\n')) expect(line.length).toBeLessThanOrEqual(140)
    }
  })

  it('has values from elsewhere, with their source', () => {
    expect(frozen.length).toBeGreaterThanOrEqual(1)
    for (const { from } of frozen) expect(from.length).toBeGreaterThan(5)
  })

  it('has three mutants or more', () => {
    expect(Object.keys(mutants).length).toBeGreaterThanOrEqual(3)
  })
})

proveByRunning(functionsToFill.filter((fn) => !needsGpu(fn)))
