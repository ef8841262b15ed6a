import { describe, expect, it } from 'vitest'
import { contour, gridPoints, type Picture } from '../src/plot/index.ts'

const rows = (picture: Picture, width = 80) => picture.text({ colour: 'none', width }).split('\n')

describe('contour', () => {
  const bounds = { x: [-2, 2], y: [-2, 2], height: 5 } as const
  const way = [
    [-2, 0],
    [0, 0],
    [2, 0],
  ]

  it('draws bands between levels, and the way over them', () => {
    expect(
      rows(
        contour((_, y) => y, { ...bounds, levels: [-1, 0, 1], paths: { east: way } }),
        12,
      ),
    ).toEqual([
      ' 2 ┤▒▒▒▒▒▒▒▒',
      '   │░░░░░░░░',
      ' 0 ┤o───o──o',
      '   │········',
      '-2 ┤',
      '   └┬───┬──┬',
      '   -2   0  2',
      '─o─ east',
      'the shade',
      'changes at',
      '-1, 0, 1',
    ])
  })

  it('has even rings where the height is the square of the distance', () => {
    const across = rows(
      contour((x) => x * x, { x: [0, 8], y: [0, 1], height: 2 }),
      84,
    )[0]
    const [first, second, third] = Array.from('·░▒', (shade) => across.indexOf(shade))
    expect(Math.abs(second - first - 20)).toBeLessThanOrEqual(1) // of 80 columns
    expect(Math.abs(third - second - 20)).toBeLessThanOrEqual(1)
  })

  it('cuts a way where it leaves the plane', () => {
    const far = [
      [-2, 0],
      [0, 0],
      [9, 0],
      [2, 0],
    ] // prettier-ignore
    const drawn = rows(
      contour(() => 1, { ...bounds, paths: { far } }),
      12,
    )[2]
    expect(drawn).toBe(' 0 ┤o───o▒▒o')
    expect(contour(() => 1, { ...bounds, paths: { far } }).svg()).toMatch(/d="M[\d.]+ [\d.]+h0L[\d.]+ [\d.]+M[\d.]+ [\d.]+h0"/)
  })

  it('takes the heights of a batch at gridPoints, and draws the same', () => {
    const f = (x: number, y: number) => x * x + y
    const heights = gridPoints(bounds.x, bounds.y).map(([x, y]) => f(x, y))
    expect(contour(heights, { ...bounds, shape: [64, 64] }).svg()).toBe(contour(f, bounds).svg())
  })

  it('says what is wrong', () => {
    expect(() => contour(() => 1, { ...bounds, x: [1, 0] })).toThrow('contour: x must be [low, high] with low < high, got [1, 0]')
    expect(() => contour(() => 1, { ...bounds, levels: [0, 0] })).toThrow('contour: levels must be finite and ascend, got 0 at index 1')
    expect(() => contour(() => 1, { ...bounds, paths: { p: [[1, 2, 3]] } })).toThrow("contour: paths['p'] must be [N, 2], got [1, 3]")
    expect(() => contour((() => 'a') as unknown as () => number, bounds)).toThrow('contour: f(')
  })
})
