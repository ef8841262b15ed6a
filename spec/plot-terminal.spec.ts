import { execFileSync } from 'node:child_process'
import { describe, expect, it, vi } from 'vitest'
import { Canvas, legendBlock, textBlocks } from '../src/plot/canvas.ts'
import { hex, inkOn, luminance, palette, sgr } from '../src/plot/colour.ts'
import { displayWidth, oneLine, pad, truncate, wrap } from '../src/plot/display-width.ts'
import { classShading } from '../src/plot/grid.ts'
import { terminal } from '../src/plot/index.ts'

const tty = (bits?: number, columns = 100) => ({ isTTY: true, columns, ...(bits === undefined ? {} : { getColorDepth: () => bits }) })

describe('terminal', () => {
  it.each([
    ['no terminal', { isTTY: false }, {}, 'none'],
    ['no terminal, with its names', {}, { TERM: 'xterm-256color', COLORTERM: 'truecolor' }, 'none'],
    ['the stream says 24 bits', tty(24), {}, '24-bit'],
    ['the stream says 8 bits', tty(8), {}, '256'],
    ['the stream says 4 bits', tty(4), {}, '16'],
    ['the stream says 1 bit', tty(1), {}, 'none'],
    ['COLORTERM promises more than the stream', tty(8), { COLORTERM: 'truecolor' }, '24-bit'],
    ['a stream that cannot say', tty(), { TERM: 'xterm-256color' }, '256'],
    ['a stream that cannot say, an old terminal', tty(), { TERM: 'vt100' }, '16'],
    ['TERM=dumb', tty(24), { TERM: 'dumb', COLORTERM: 'truecolor' }, 'none'],
    ['NO_COLOR', tty(24), { NO_COLOR: '1' }, 'none'],
    ['NO_COLOR=0 counts too', tty(24), { NO_COLOR: '0' }, 'none'],
    ['an empty NO_COLOR does not', tty(24), { NO_COLOR: '' }, '24-bit'],
    ['NO_COLOR beats FORCE_COLOR', tty(24), { NO_COLOR: '1', FORCE_COLOR: '3' }, 'none'],
    ['FORCE_COLOR=0', tty(24), { FORCE_COLOR: '0' }, 'none'],
    ['FORCE_COLOR=1 in a pipe', {}, { FORCE_COLOR: '1' }, '16'],
    ['FORCE_COLOR=2 in a pipe', {}, { FORCE_COLOR: '2' }, '256'],
    ['FORCE_COLOR=3 in a pipe', {}, { FORCE_COLOR: '3' }, '24-bit'],
    ['FORCE_COLOR=true in a pipe', {}, { FORCE_COLOR: 'true', TERM: 'screen-256color' }, '256'],
    ['an empty FORCE_COLOR says nothing', {}, { FORCE_COLOR: '' }, 'none'],
  ])('colours: %s', (_, stream, env, colour) => {
    expect(terminal(stream, env).colour).toBe(colour)
  })

  it('hands the environment to the stream without what it has already decided', () => {
    const getColorDepth = vi.fn(() => 8)
    terminal({ isTTY: true, getColorDepth }, { NO_COLOR: '', FORCE_COLOR: '', TERM: 'xterm' })
    expect(getColorDepth).toHaveBeenCalledWith({ NO_COLOR: undefined, FORCE_COLOR: undefined, TERM: 'xterm' })
  })

  it('has the width of the window, 80 without one', () => {
    expect(terminal(tty(8, 132), {}).width).toBe(132)
    expect(terminal({}, {}).width).toBe(80)
    expect(terminal({ isTTY: true, columns: 0 }, {}).width).toBe(80)
  })

  it('needs no process: a browser has none', () => {
    vi.stubGlobal('process', undefined)
    const found = terminal()
    vi.stubGlobal('process', {})
    const bundled = terminal()
    vi.unstubAllGlobals()
    expect(found).toEqual({ width: 80, colour: 'none' })
    expect(bundled).toEqual({ width: 80, colour: 'none' })
  })

  it('is imported and drawn with where there is no process at all', () => {
    const script = `delete globalThis.process
      const { lines } = await import('./src/plot/index.ts')
      console.log(lines([3, 2, 1], { height: 3 }).text({ width: 20 }))`
    const output = execFileSync('node', ['--import', 'tsx', '--input-type=module', '-e', script], { encoding: 'utf8' })
    expect(output.split('\n')[0]).toBe('3 ┼────╮')
  })
})

describe('display width', () => {
  it.each([
    ['loss', 4],
    ['손실 loss', 9],
    ['\u1109\u1169\u11ab', 2], // 손 in single letters, as macOS spells file names
    ['学習', 4],
    ['ｱ', 1],
    ['Ａ', 2],
    ['é', 1],
    ['e\u0301', 1],
    ['→', 1],
    ['┼─╮', 3],
    ['😀', 2],
    ['👩‍🔬', 2],
    ['🇰🇷', 2],
    ['❤️', 2],
    ['', 0],
  ])('%s takes %i columns', (text, columns) => {
    expect(displayWidth(text)).toBe(columns)
  })

  it('cuts between characters, and says so', () => {
    expect(truncate('confusion', 6)).toBe('confu…')
    expect(truncate('혼동 행렬', 6)).toBe('혼동 …')
    expect(truncate('혼동', 4)).toBe('혼동')
    expect(truncate('혼동', 3)).toBe('혼…')
    expect(truncate('abc', 1)).toBe('…')
    expect(truncate('abc', 0)).toBe('')
  })

  it('pads and wraps by columns', () => {
    expect(pad('손', 4)).toBe('손  ')
    expect(pad('손', 5, 'right')).toBe('   손')
    expect(pad('a', 4, 'centre')).toBe(' a  ')
    expect(wrap('the error of three ways', 10)).toEqual(['the error', 'of three', 'ways'])
    expect(wrap('훈련오차 세 가지', 5)).toEqual(['훈련', '오차', '세', '가지'])
  })

  it('keeps a label on one line and harmless', () => {
    expect(oneLine('a\nb\x1b[31mc\u2028d')).toBe('a b [31mc d')
  })
})

describe('colours', () => {
  const contrast = (a: number, b: number) => (Math.max(luminance(a), luminance(b)) + 0.05) / (Math.min(luminance(a), luminance(b)) + 0.05)

  it('stand out from a dark and from a light terminal', () => {
    for (const colour of palette) {
      const least = Math.min(contrast(colour, 0x000000), contrast(colour, 0xffffff))
      expect(least, hex(colour)).toBeGreaterThan(palette.indexOf(colour) < 4 ? 3 : 2)
    }
  })

  // Machado, Oliveira & Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency", 2009, severity 1
  it.each([
    ['protanopia', [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998]],
    ['deuteranopia', [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881]],
    ['tritanopia', [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039]],
  ])('differ under %s', (_, m) => {
    const linear = (c: number) => (c / 255) ** 2.2
    const seen = palette.map((colour) => {
      const rgb = [colour >> 16, (colour >> 8) & 255, colour & 255].map(linear)
      return [0, 1, 2].map((row) => 255 * Math.max(0, m[3 * row] * rgb[0] + m[3 * row + 1] * rgb[1] + m[3 * row + 2] * rgb[2]) ** (1 / 2.2))
    })
    for (let i = 0; i < 4; i++) {
      for (let j = 0; j < i; j++) expect(Math.hypot(...seen[i].map((c, k) => c - seen[j][k])), `${i} ${j}`).toBeGreaterThan(25)
    }
  })

  it('stay apart with 16 and 256 colours, regions too', () => {
    const tints = palette.map((_, label) => classShading([]).colour(label)!)
    for (const depth of ['16', '256'] as const) expect(new Set(palette.map((colour) => sgr(colour, depth, 'fg'))).size).toBe(palette.length)
    expect(new Set(tints.map((colour) => sgr(colour, '256', 'bg'))).size).toBe(palette.length)
  })

  it('are the nearest of the 256', () => {
    expect(sgr(0x000000, '256', 'bg')).toBe('48;5;16')
    expect(sgr(0xffffff, '256', 'bg')).toBe('48;5;231')
    expect(sgr(0xff0000, '256', 'fg')).toBe('38;5;196')
    expect(sgr(0x808080, '256', 'fg')).toBe('38;5;244')
    expect(sgr(0x010203, '24-bit', 'fg')).toBe('38;2;1;2;3')
  })

  it('leave numbers readable on them', () => {
    for (let step = 0; step <= 20; step++) {
      const ground = (Math.round(step * 12.75) << 8) | 0x2040
      expect(contrast(inkOn(ground), ground)).toBeGreaterThan(4.5)
    }
  })
})

describe('canvas', () => {
  it('clips, and never leaves half of a wide character', () => {
    const canvas = new Canvas(4, 2)
    canvas.write(-1, 0, 'abc')
    canvas.write(3, 0, '손')
    canvas.write(0, 1, '손실')
    canvas.put(1, 1, 'x')
    canvas.put(9, 9, 'x')
    expect(canvas.render('none')).toEqual(['bc', ' x실'])
    canvas.put(2, 1, 'y')
    expect(canvas.render('none')[1]).toBe(' xy')
  })

  it('keeps the ground below a glyph, and its colours to itself', () => {
    const canvas = new Canvas(3, 1)
    canvas.put(0, 0, ' ', { bg: 0xff0000 })
    canvas.put(0, 0, 'x', { fg: 0x000000 })
    expect(canvas.render('24-bit')).toEqual(['\x1b[38;2;0;0;0;48;2;255;0;0mx\x1b[0m'])
    expect(canvas.render('none')).toEqual(['x'])
  })

  it('lays out titles and legends in as many lines as they need', () => {
    const entry = (name: string) => ({ swatch: '──', style: {}, name })
    expect(textBlocks(['a long title', undefined], 6).flatMap((block) => block.render('none'))).toEqual(['a long', 'title'])
    expect(legendBlock([entry('train'), entry('검증'), entry('a very long name')], 20).render('none')).toEqual([
      '── train   ── 검증',
      '── a very long name',
    ])
    expect(legendBlock([], 20).height).toBe(0)
  })
})
