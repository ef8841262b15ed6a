import { describe, expect, it } from 'vitest'
import { bars, gridPoints, heatmap, image, images, type Picture, regions, scatter, table } from '../src/plot/index.ts'

const rows = (picture: Picture, width = 80) => picture.text({ colour: 'none', width }).split('\n')
const count = (text: string, part: string) => text.split(part).length - 1
const X = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]

describe('regions', () => {
  const and = regions((x, y) => (x + y - 1.5 >= 0 ? 1 : 0), {
    points: X,
    labels: [0, 0, 0, 1],
    lines: [{ w: [1, 1], b: -1.5 }],
    x: [-0.5, 1.5],
    y: [-0.5, 1.5],
    height: 8,
  })

  it('draws the regions, the points and the line between', () => {
    expect(rows(and)).toEqual([
      '  │      ───···············',
      '  │         ───············',
      '1 ┤      o     ───···x·····',
      '  │               ───······',
      '  │                  ───···',
      '  │                     ───',
      '0 ┤      o           o    ─',
      '  │',
      '  └──────┬───────────┬─────',
      '         0           1',
      ' o  class 0   ·x· class 1',
    ])
  })

  it('asks the function once, 64 × 64 places within the bounds', () => {
    const asked: number[][] = []
    const picture = regions((x, y) => asked.push([x, y]) % 2, { x: [0, 1], y: [10, 20] })
    picture.text()
    picture.svg()
    expect(asked).toHaveLength(64 * 64)
    expect(Math.min(...asked.map(([x]) => x))).toBeGreaterThan(0)
    expect(Math.max(...asked.map(([, y]) => y))).toBeLessThan(20)
  })

  it('takes the answers of a batch at gridPoints, flat or in rows, and draws the same', () => {
    const f = (x: number, y: number) => (y > x * x ? 1 : 0)
    const options = { x: [-1, 1], y: [-1, 2] } as const
    const places = gridPoints(options.x, options.y)
    expect(places).toHaveLength(64 * 64)
    const answers = Float32Array.from(places, ([x, y]) => f(x, y))
    const inRows = Array.from({ length: 64 }, (_, r) => answers.slice(64 * r, 64 * (r + 1)))
    expect(regions(answers, { ...options, shape: [64, 64] }).svg()).toBe(regions(f, options).svg())
    expect(regions(inRows, options).text()).toBe(regions(f, options).text())
    expect(gridPoints([0, 4], [0, 1], [1, 2])).toEqual([
      [1, 0.5],
      [3, 0.5],
    ])
  })

  it('shades values from low to high, and leaves NaN blank', () => {
    const picture = regions((x) => (x > 0.9 ? Number.NaN : x), { x: [0, 1], y: [0, 1], range: [0, 0.9], height: 4 })
    const [first] = rows(picture)
    expect(first.slice(first.indexOf('┤') + 1)).toBe('   ··░░░▒▒▒')
    expect(rows(picture).at(-1)).toBe(' o  class 0: 0   ░░░ 0.45   ▒x▒ class 1: 0.9')
  })

  it('shades by the ground where there are colours: two pixels to a cell', () => {
    const line = regions((_, y) => (y > 0.625 ? 1 : 0), { x: [0, 1], y: [0, 1], height: 4 })
      .text({ colour: '24-bit', width: 40 })
      .split('\n')[1]
    expect(line).toContain('▀'.repeat(12))
    expect(line).toMatch(/38;2;\d+;\d+;\d+;48;2;/)
  })

  it('has low y at the bottom in SVG as in text', () => {
    const svg = regions((_, y) => (y < 0.5 ? 0 : 1), {
      x: [0, 1],
      y: [0, 1],
      points: [[0, 0]],
      labels: [0],
      lines: [{ w: [0, 1], b: -0.75 }],
    }).svg()
    const rectangles = Array.from(
      svg.matchAll(/<rect x="[\d.]+" y="([\d.]+)" width="420" height="[\d.]+" fill="(#[^"]+)"/g),
      ([, y, fill]) => ({ y: Number(y), fill }),
    )
    expect(rectangles).toHaveLength(64)
    const [below, above] = ['#80b9d9', '#eaaf80'].map((fill) => rectangles.filter((rectangle) => rectangle.fill === fill).map(({ y }) => y))
    expect([below.length, above.length]).toEqual([32, 32])
    expect(Math.min(...below)).toBeGreaterThan(Math.max(...above))
    expect(Number(/<circle cx="[\d.]+" cy="([\d.]+)" r="4.5"/.exec(svg)?.[1])).toBeGreaterThan(Math.max(...below))
    expect(Number(/<path d="M[\d.]+ ([\d.]+)/.exec(svg)?.[1])).toBeLessThan(Math.min(...below))
  })

  it('draws a vertical and a horizontal line, and none where there is none', () => {
    const bounds = { x: [-1, 1], y: [-1, 1], height: 5 } as const
    const withLine = (w: number[], b: number) =>
      rows(regions(() => 0, { ...bounds, lines: [{ w, b }] }))
        .slice(0, 5)
        .join('\n')
    expect(count(withLine([1, 0], 0), '│') - count(withLine([0, 0], 1), '│')).toBe(5)
    expect(count(withLine([0, 1], 0), '─')).toBe(15)
    expect(withLine([0, 0], 1)).not.toMatch(/[─╱╲]/)
    expect(withLine([1, 0], 5)).not.toMatch(/[─╱╲]/)
  })

  it('says what is wrong', () => {
    expect(() => regions(() => 0.73, { x: [0, 1], y: [0, 1] })).toThrow(
      'regions: f gave 0.73, expected a class index 0, 1, 2, ...; for values give the option range',
    )
    expect(() => regions(() => 0)).toThrow('regions: without points, the bounds x and y are needed')
    expect(() => regions(() => 0, { points: [[1, 2, 3]] })).toThrow('regions: points must be [N, 2], got [1, 3]')
    expect(() => regions(() => 0, { points: [[1, 2], [1]] })).toThrow('regions: points is ragged: points[0] has 2 columns, points[1] has 1')
    expect(() => regions(() => 0, { points: X, labels: [0, 1] })).toThrow('regions: labels must have 4 entries, got 2')
    expect(() => regions(() => 0, { points: X, labels: [0, 1, 0.5, 1] })).toThrow(
      'regions: labels[2] must be a class index 0, 1, 2, ..., got 0.5',
    )
    expect(() => regions(() => 0, { points: X, lines: [{ w: [1], b: 0 }] })).toThrow('regions: lines[0].w must be [w1, w2], got 1 numbers')
    expect(() => regions([0, 1, 0], { x: [0, 1], y: [0, 1], shape: [2, 2] })).toThrow('regions: f has 3 numbers, shape [2, 2] needs 4')
    expect(() => regions((() => 'a') as unknown as () => number, { x: [0, 1], y: [0, 1] })).toThrow('must be a number, got string')
    expect(() => gridPoints([1, 1], [0, 1])).toThrow('gridPoints: x must be [low, high] with low < high, got [1, 1]')
  })
})

describe('scatter', () => {
  it('draws points and a fitted line', () => {
    const drawn = rows(scatter([0, 1, 2, 3], [1, 3, 5, 7], { curves: { fit: (x) => 2 * x + 1 }, height: 6, x: [0, 3], y: [1, 7] }), 20)
    expect(drawn.slice(0, 6)).toEqual([
      '  │              ──o',
      '  │           ────',
      '5 ┤        ───o',
      '  │     ────',
      '  │  ───o',
      '  │o──',
    ])
    expect(count(drawn.join(''), 'o')).toBe(4)
    expect(drawn.at(-1)).toBe('─── fit')
  })

  it('gives each class a marker and a name', () => {
    const drawn = rows(scatter([0, 1, 2], [0, 1, 2], { labels: [0, 1, 2], classes: ['setosa', 'versicolor'] }), 60)
    expect(drawn.at(-1)).toBe('o setosa   x versicolor   + class 2')
    expect(scatter([0, 1], [0, 1], { labels: [0, 1] }).svg()).toMatch(/<circle.*<polygon/s)
  })

  it('gives a curve a colour that no class has', () => {
    const svg = scatter([0, 1, 2], [0, 1, 2], { labels: [0, 1, 1], curves: { fit: (x) => x } }).svg()
    expect(new Set(svg.match(/fill="#[^f]\w+" stroke="#000000"/g)).size).toBe(2)
    expect(svg).toMatch(/<path [^>]*stroke="#009e73"/)
  })

  it('leaves out what is not finite, in points and curves', () => {
    const picture = scatter([0, 1, 2, Number.NaN], [0, Number.POSITIVE_INFINITY, 2, 1], { curves: { root: (x) => Math.sqrt(x - 1) } })
    expect(count(picture.svg(), '<circle')).toBe(2)
  })

  it('says what is wrong', () => {
    expect(() => scatter([], [])).toThrow('scatter: x is empty, expected at least one number')
    expect(() => scatter([1, 2], [1])).toThrow('scatter: y must have 2 entries, got 1')
  })
})

describe('heatmap', () => {
  it('draws a confusion matrix: numbers, names, shades', () => {
    const confusion = [
      [10, 0],
      [2, 8],
    ]
    expect(
      rows(heatmap(confusion, { title: 'test', xLabel: 'predicted', yLabel: 'true', rows: ['cat', 'dog'], columns: ['cat', 'dog'] }), 30),
    ).toEqual([
      'test', //
      '       predicted',
      'true  cat    dog',
      ' cat   10 @    0',
      ' dog    2 :    8 #',
    ])
  })

  it('gives up marks, then numbers, then single cells as the width shrinks, and says so', () => {
    const matrix = Array.from({ length: 4 }, (_, r) => Array.from({ length: 30 }, (_, c) => r * c))
    expect(rows(heatmap(matrix), 120)[0]).toContain('29')
    expect(rows(heatmap(matrix), 50).at(-1)).toBe('   0   @@ 87')
    expect(rows(heatmap(matrix), 20).slice(-2)).toEqual(['each cell is the', 'mean of 1 × 2 values'])
  })

  it('has white for zero, blue above, vermilion below, and nothing for NaN', () => {
    const svg = heatmap([[1, 0, -1, Number.NaN, 0.5]]).svg()
    expect(Array.from(svg.matchAll(/<rect [^>]*fill="([^"]+)" stroke/g), (match) => match[1])).toEqual([
      '#0072b2',
      '#ffffff',
      '#d55e00',
      'none',
      '#80b9d9',
    ])
    expect(rows(heatmap([[1, 0, -1, Number.NaN]]))[1]).toBe('0    1 @    0 +   -1    NaN ?')
    expect(rows(heatmap(Array.from({ length: 60 }, () => [-2, 1]))).at(-2)).toBe('   -2   ++ 0   @@ 2')
    expect(heatmap([[0.5]], { max: 1 }).svg()).toContain('#80b9d9')
  })

  it('writes fixed decimals, and takes flat data with a shape', () => {
    expect(heatmap(Float64Array.of(0.123, -0.001, 1, 2), { shape: [2, 2], digits: 2 }).text({ width: 60 })).toMatch(
      /0\.12.* 0\.00.*\n.*1\.00.*2\.00/,
    )
  })

  it('says what is wrong', () => {
    expect(() => heatmap([])).toThrow('heatmap: matrix is empty, expected at least one row')
    expect(() => heatmap([[]])).toThrow('heatmap: matrix[0] is empty')
    expect(() => heatmap([[1, 2], [3]])).toThrow('heatmap: matrix is ragged: matrix[0] has 2 columns, matrix[1] has 1')
    expect(() => heatmap([1, 2])).toThrow('heatmap: matrix is flat (2 numbers), expected rows; flat data needs a shape: [rows, columns]')
    expect(() => heatmap([[1, 2]], { rows: ['a', 'b'] })).toThrow('heatmap: rows must have 1 entries, got 2')
    expect(() => heatmap([[1, 2]], { max: 0 })).toThrow('heatmap: max must be a positive number, got 0')
    expect(() => heatmap({} as number[][])).toThrow('heatmap: matrix must be rows of numbers, got an object')
  })
})

describe('image', () => {
  it('draws two pixels to a cell in half blocks, black to white', () => {
    const pixels = [
      [0, 1],
      [1, 1],
    ]
    expect(image(pixels, { scale: 1 }).text({ width: 10, colour: '24-bit' })).toBe(
      '\x1b[38;2;0;0;0;48;2;255;255;255m▀\x1b[0m\x1b[48;2;255;255;255m \x1b[0m',
    )
    expect(image(pixels, { scale: 1 }).text({ width: 10, colour: 'none' })).toBe('+@')
  })

  it('makes small images larger and large ones smaller', () => {
    expect(rows(image([[1, 0, 1, 0]]))).toEqual(['@@@@    @@@@', '@@@@    @@@@'])
    const gradient = Array.from({ length: 100 }, () => Array.from({ length: 100 }, (_, x) => x))
    expect(rows(image(gradient), 30)).toHaveLength(13)
    expect(rows(image(gradient), 30)[0]).toHaveLength(25)
  })

  it('stands side by side with others, each with its caption, in rows as the width asks', () => {
    const list = [3, 5, 7].map((d) => ({ pixels: [[0, d]], caption: `true ${d} → read 9` }))
    expect(rows(images(list, { scale: 4, title: 'misread' }), 40)).toEqual([
      'misread',
      '       ====             ****',
      '       ====             ****',
      'true 3 → read 9  true 5 → read 9',
      '',
      '       @@@@',
      '       @@@@',
      'true 7 → read 9',
    ])
    expect(rows(images(list), 80).at(-1)?.trim()).toMatch(/^true 3 → read 9 +true 5 → read 9 +true 7 → read 9$/)
  })

  it('shares one range of greys, or has the given one', () => {
    expect(rows(image([[8, 8]], { range: [0, 16], scale: 1 }))).toEqual(['++'])
    expect(rows(images([{ pixels: [[0]] }, { pixels: [[2]] }, { pixels: [[4]] }], { scale: 1 }))).toEqual(['   +  @'])
    expect(
      image([[1, Number.NaN]], { range: [0, 1] })
        .svg()
        .match(/<rect [^>]*fill="#ffffff"/g),
    ).toHaveLength(2) // the ground and one pixel
  })

  it('says what is wrong', () => {
    expect(() => images([])).toThrow('images: list is empty, expected at least one image')
    expect(() => images([{ pixels: [1, 2, 3, 4] }])).toThrow('images: list[0].pixels is flat (4 numbers)')
    expect(() => images([{ pixels: [1, 2, 3] }], { shape: [2, 2] })).toThrow('images: list[0].pixels has 3 numbers, shape [2, 2] needs 4')
    expect(() => image([[1], [1, 2]])).toThrow('image: pixels is ragged')
    expect(() => image([[1]], { scale: 0.5 })).toThrow('image: scale must be a positive integer, got 0.5')
    expect(() => image([[1]], { range: [1, 0] })).toThrow('image: range must be [low, high] with low < high, got [1, 0]')
  })
})

describe('bars', () => {
  it('are as long as their values, to an eighth of a cell', () => {
    expect(rows(bars(['a', 'bb'], [1, 0.53], { digits: 2, max: 1 }), 18)).toEqual([' a ██████████ 1.00', 'bb █████▎ 0.53'])
  })

  it('go left from zero where the value is negative', () => {
    expect(rows(bars(['a', 'b'], [-1, 1]), 17)).toEqual(['a ██████ -1', 'b       ██████ 1'])
    expect(rows(bars(['a', 'b'], [-100, 1]), 17)).toEqual(['a █████████ -100', 'b          ▏ 1'])
    expect(rows(bars(['a', 'b'], [-3, -1]), 17)).toEqual(['a ████████████ -3', 'b         ████ -1'])
  })

  it('cut a bar that is too long, never its number; what is not finite has none', () => {
    const [long, none] = rows(bars(['long', 'none'], [5, Number.NaN], { max: 1, unit: ' s' }), 20)
    expect(long).toMatch(/^long █+ 5 s$/)
    expect(none).toBe('none  NaN s')
  })

  it('says what is wrong', () => {
    expect(() => bars([], [])).toThrow('bars: values is empty')
    expect(() => bars(['a'], [1, 2])).toThrow('bars: labels must have 2 entries, got 1')
    expect(() => bars(['a'], [1], { max: -1 })).toThrow('bars: max must be a positive number, got -1')
  })
})

describe('table', () => {
  it('aligns numbers right and texts left', () => {
    expect(
      rows(
        table(
          ['epoch', 'loss', '메모'],
          [
            [0, '28.903635', '시작'],
            [1000, '0.069457', 'much smaller'],
          ],
          { title: 'training' },
        ),
      ),
    ).toEqual([
      'training',
      'epoch       loss  메모',
      '─────  ─────────  ────────────',
      '    0  28.903635  시작',
      ' 1000   0.069457  much smaller',
    ])
  })

  it('cuts long texts, then continues the columns below, and never cuts a number', () => {
    const wide = table(['name', 'a', 'b'], [['a very long name indeed', 123456, 654321]])
    expect(rows(wide, 30).at(-1)).toBe('a very long n…  123456  654321')
    expect(rows(wide, 20)).toEqual([
      'name           a',
      '────────  ──────',
      'a very …  123456',
      '',
      'name           b',
      '────────  ──────',
      'a very …  654321',
    ])
  })

  it('writes so many decimals, integers as they are', () => {
    expect(rows(table(['x'], [[1], [0.5], [Number.NaN]], { digits: 3 })).slice(2)).toEqual(['    1', '0.500', '  NaN'])
  })

  it('says what is wrong', () => {
    expect(() => table([], [])).toThrow('table: columns is empty, expected at least one column name')
    expect(() => table(['a', 'b'], [[1]])).toThrow('table: rows[0] must have 2 entries, got 1')
    expect(rows(table(['a', 'b'], []))).toEqual(['a  b', '─  ─'])
  })
})
