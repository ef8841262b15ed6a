import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { displayWidth } from '../src/plot/display-width.ts'
import {
  bars,
  boxPlot,
  type ColourDepth,
  contour,
  heatmap,
  image,
  images,
  lines,
  type Picture,
  regions,
  scatter,
  type TreeModel,
  table,
  tree,
} from '../src/plot/index.ts'

const WIDTHS = [1, 5, 20, 40, 80, 200]
const DEPTHS: ColourDepth[] = ['none', '16', '256', '24-bit']
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes are what is looked for
const CODES = /\x1b\[([0-9;]*)m/g
const HOSTILE = '<b>&"\'\x1b[31m한국어 붓꽃\n\t\u{1f600} end'

const wave = (n: number, k: number) => Array.from({ length: n }, (_, i) => Math.sin((i * k) / n))
const grid = (rows: number, columns: number) => Array.from({ length: rows }, (_, r) => wave(columns, r + 1))
const square = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]

/** A tree of depth 9, of which every right side is a leaf. */
function sapling(depth: number): TreeModel['root'] {
  const node = { samples: 1000 - 100 * depth, weight: 1, impurity: 0.5 / (depth + 1), value: [0.25, 0.15, 0.6], split: null }
  if (depth === 9) return node
  const left = sapling(depth + 1)
  return { ...node, split: { feature: depth, threshold: depth / 7, gain: 0.1, left, right: { ...node, samples: 100 } } }
}

/** One of each kind, every label as given. */
function gallery(label: string): Record<string, Picture> {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `${label}${i}`)
  const texts = { title: label.repeat(9), xLabel: label, yLabel: label }
  return {
    lines: lines({ [`${label}a`]: wave(300, 9), [`${label}b`]: [3, Number.NaN, 1], [`${label}c`]: [Number.POSITIVE_INFINITY, 2] }, texts),
    'one line': lines(wave(7, 3), { log: true }),
    regions: regions((x, y) => (x + y > 1.5 ? 1 : x > 0.5 ? 2 : 0), {
      ...texts,
      points: square,
      labels: [0, 1, 1, 0],
      classes: names(3),
      lines: [{ w: [1, 1], b: -1 }],
    }),
    values: regions((x, y) => (x < 0 ? Number.NaN : x * y), { ...texts, x: [-1, 1], y: [-1, 1], range: [0, 1] }),
    contour: contour((x, y) => (x < -0.9 ? Number.NaN : x * x + y), {
      ...texts,
      x: [-1, 1],
      y: [-1, 1],
      paths: { [label]: [...square, [5, 5]], b: [[0, 0]] },
    }),
    scatter: scatter([1, 2, 3, Number.NaN], [2, 4, 6, 8], {
      ...texts,
      labels: [0, 1, 2, 0],
      classes: names(3),
      curves: { [label]: (x) => 2 * x, b: Math.log },
    }),
    heatmap: heatmap(grid(3, 4), { ...texts, rows: names(3), columns: names(4) }),
    'large heatmap': heatmap(grid(300, 500), texts),
    image: image(grid(28, 28), texts),
    images: images(
      [0, 1, 2, 3, 4].map((i) => ({ pixels: wave(64, i + 2), caption: label })),
      { shape: [8, 8], title: label },
    ),
    bars: bars(names(4), [1, -0.5, Number.NaN, Number.NEGATIVE_INFINITY], { title: label, unit: label }),
    tree: tree({ kind: 'classifier', root: sapling(0) }, { title: label, featureNames: names(9), classNames: names(3) }),
    'cut tree': tree({ kind: 'regressor', root: sapling(0) }, { title: label, maxDepth: 2 }),
    boxPlot: boxPlot({ [`${label}a`]: wave(50, 40), [`${label}b`]: [0, 0, 0, 9, Number.NaN], [`${label}c`]: [2] }, texts),
    table: table(names(6), [names(6), [1, 2.5, Number.NaN, label, -1e9, 1e-9]], { title: label }),
  }
}

const plain = gallery('label ')
const hostile = gallery(HOSTILE)
const all = [...Object.entries(plain), ...Object.entries(hostile).map(([name, picture]) => [`${name}, hostile labels`, picture] as const)]

describe.each(all)('%s', (_, picture) => {
  it('is never wider than asked, at any depth of colour', () => {
    for (const width of WIDTHS) {
      for (const colour of DEPTHS) {
        for (const line of picture.text({ width, colour }).split('\n')) {
          expect(displayWidth(line.replace(CODES, '')), `${width} ${colour}: ${line}`).toBeLessThanOrEqual(width)
        }
      }
    }
  })

  it('holds no control character without colours', () => {
    for (const width of WIDTHS) expect(picture.text({ width, colour: 'none' })).not.toMatch(/[^\n\P{Cc}]/u)
  })

  it('differs with 16 colours from without by its codes only', () => {
    for (const width of WIDTHS) {
      expect(picture.text({ width, colour: '16' }).replace(CODES, '')).toBe(picture.text({ width, colour: 'none' }))
    }
  })

  it('selects colours only as the terminal knows them, and resets them in each line', () => {
    const allowed: Record<string, RegExp> = {
      '16': /^(0|[39][1-6])$/,
      '256': /^(0|([34]8;5;\d+;?)+)$/,
      '24-bit': /^(0|([34]8;2;\d+;\d+;\d+;?)+)$/,
    }
    for (const [colour, codes] of Object.entries(allowed)) {
      for (const line of picture.text({ width: 60, colour: colour as ColourDepth }).split('\n')) {
        const found = Array.from(line.matchAll(CODES), (match) => match[1])
        for (const code of found) expect(code).toMatch(codes)
        expect(found.at(-1) ?? '0').toBe('0')
      }
    }
  })

  it('is a well-formed SVG document with a viewBox', () => {
    const svg = picture.svg()
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 [\d.]+ [\d.]+" /)
    expect(svg).not.toMatch(/NaN"|Infinity"|undefined/)
    expectWellFormed(svg)
  })
})

describe('a picture', () => {
  it('shows the data as they were when it was made', () => {
    const losses = [3, 2, 1]
    const matrix = [
      [1, 2],
      [3, 4],
    ]
    const weights = [1, 1]
    const made = [
      lines(losses),
      heatmap(matrix),
      bars(['a', 'b', 'c'], losses),
      regions((x) => (x * weights[0] > 0.5 ? 1 : 0), { x: [0, 1], y: [0, 1] }),
    ]
    const before = made.map((picture) => [`${picture}`, picture.svg()])
    losses.push(99)
    losses[0] = -7
    matrix[0][0] = 50
    weights[0] = -1
    expect(made.map((picture) => [`${picture}`, picture.svg()])).toEqual(before)
  })

  it('prints itself in a template and in console.log', async () => {
    const { inspect } = await import('node:util')
    const picture = lines([3, 2, 1])
    expect(`${picture}`).toBe(picture.text())
    expect(inspect(picture)).toBe(picture.text())
  })

  it('refuses a width and a colour that do not exist', () => {
    const picture = lines([1, 2])
    expect(() => picture.text({ width: 0 })).toThrow('text: width must be a positive integer, got 0')
    expect(() => picture.text({ width: 40.5 })).toThrow('got 40.5')
    expect(() => picture.text({ colour: 'pink' as ColourDepth })).toThrow('text: colour must be one of none, 16, 256, 24-bit, got pink')
  })

  it('tells apart in SVG what it tells apart in text: every label is there, escaped', () => {
    for (const [name, picture] of Object.entries(hostile)) {
      if (name === 'one line' || name === 'large heatmap') continue
      expect(picture.svg(), name).toContain('&lt;b&gt;&amp;&quot;&#39; [31m한국어 붓꽃')
    }
  })
})

describe('any numbers', () => {
  const number = fc.oneof(
    { weight: 4, arbitrary: fc.double() },
    fc.constantFrom(Number.NaN, Infinity, -Infinity, 0, -0, Number.MAX_VALUE, -Number.MAX_VALUE, 5e-324, 1e300),
  )
  const numbers = fc.array(number, { minLength: 1, maxLength: 40 })
  const width = fc.integer({ min: 1, max: 100 })

  function expectDrawn(picture: Picture, columns: number): void {
    const text = picture.text({ width: columns, colour: '24-bit' }).replace(CODES, '')
    for (const line of text.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(columns)
    expect(picture.svg()).not.toMatch(/="[^"]*(NaN|Infinity|undefined)/)
  }

  it('draw as lines, scatter and bars', () => {
    fc.assert(
      fc.property(numbers, numbers, fc.boolean(), width, (a, b, log, columns) => {
        expectDrawn(lines({ a, b }, { log }), columns)
        expectDrawn(
          scatter(
            a,
            a.map((_, i) => b[i % b.length]),
            { curves: { b: (x) => x * b[0] } },
          ),
          columns,
        )
        expectDrawn(bars(a.map(String), a), columns)
      }),
      { numRuns: 150 },
    )
  })

  it('draw as heat maps, images and regions', () => {
    const matrix = fc
      .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 30 }))
      .chain(([r, c]) => fc.array(fc.array(number, { minLength: c, maxLength: c }), { minLength: r, maxLength: r }))
    fc.assert(
      fc.property(matrix, number, number, number, width, (m, w1, w2, b, columns) => {
        expectDrawn(heatmap(m), columns)
        expectDrawn(image(m), columns)
        expectDrawn(regions(m, { x: [-1, 1], y: [0, 1e-3], range: [-1, 1], lines: [{ w: [w1, w2], b }] }), columns)
      }),
      { numRuns: 60 },
    )
  })
})

/** Tags are balanced, attributes quoted, and no bare < or & stands anywhere. */
function expectWellFormed(xml: string): void {
  const open: string[] = []
  const token =
    /<(\/?)([a-z]+)((?: [a-zA-Z][a-zA-Z0-9:-]*="[^"<&]*(?:&(?:amp|lt|gt|quot|#39);[^"<&]*)*")*)(\/?)>|([^<&]|&(?:amp|lt|gt|quot|#39);)+/gy
  let end = 0
  for (const match of xml.matchAll(token)) {
    end = match.index + match[0].length
    const [, closes, name, , isEmpty] = match
    if (name === undefined) continue
    if (closes) expect(open.pop()).toBe(name)
    else if (!isEmpty) open.push(name)
  }
  expect(xml.slice(end)).toBe('')
  expect(open).toEqual([])
  expect(xml).not.toMatch(/[^\n\P{Cc}]/u)
}
