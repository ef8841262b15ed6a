import { displayWidth, oneLine, widest } from './display-width.ts'

type Attributes = Readonly<Record<string, string | number | undefined>>

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text that is safe between tags and in attributes. What XML cannot hold (control characters, half a surrogate pair) is replaced. */
export function escapeXml(text: string): string {
  return oneLine(text)
    .replace(/[\p{Cs}\ufffe\uffff]/gu, '\ufffd')
    .replace(/[&<>"']/g, (character) => ENTITIES[character])
}

/** One element; attributes that are undefined are left out, numbers rounded to hundredths of a pixel. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  let tag = `<${name}`
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) tag += ` ${key}="${typeof value === 'number' ? rounded(value) : escapeXml(value)}"`
  }
  return children.length === 0 ? `${tag}/>` : `${tag}>${children.join('')}</${name}>`
}

export const rounded = (value: number): string => String(Math.round(value * 100) / 100)

/** A line of text; its content is escaped here. */
export function label(x: number, y: number, content: string, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, escapeXml(content))
}

export const FONT_SIZE = 12
/** About the width of a text in pixels: a sans-serif's mean advance is 0.6 of its size. */
export const textWidth = (text: string, size = FONT_SIZE): number => displayWidth(oneLine(text)) * 0.6 * size
export const widestText = (texts: Iterable<string>): number => widest(texts) * 0.6 * FONT_SIZE

/** A complete document on a white ground, so that it reads the same on any page. */
export function svgDocument(width: number, height: number, name: string, body: readonly string[]): string {
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${rounded(width)} ${rounded(height)}`,
    width,
    height,
    role: 'img',
    'font-family': 'system-ui, sans-serif',
    'font-size': FONT_SIZE,
  }
  const ground = element('rect', { width, height, fill: '#ffffff' })
  return `${element('svg', attributes, `\n${element('title', {}, escapeXml(name))}\n`, ground, ...body.map((part) => `\n${part}`), '\n')}\n`
}

/** A heading around the given centre, in smaller type where it would be wider than the picture. */
export function heading(centre: number, title: string, width: number): string {
  const size = Math.min(15, (15 * (width - 8)) / textWidth(title, 16))
  return label(centre, 22, title, { 'text-anchor': 'middle', 'font-size': size, 'font-weight': 600 })
}

/** Positions from 0 to 1 on two axes; NaN makes a gap. */
export type Path = readonly (readonly [x: number, y: number])[]
/** Carries a position from 0 to 1 to pixels. */
export type Pixel = (at: number) => number

/** Curves differ by their dashes, so that they differ without colours too. */
const DASHES = [undefined, '9 3', '2 4', '9 3 2 3', '5 4', '14 3 2 3 2 3']
export const dashes = (index: number): string | undefined => DASHES[index % DASHES.length]

/** A path with its gaps; a point between two gaps is a dot. */
export function svgPath(path: Path, px: Pixel, py: Pixel, stroke: string, dash?: string): string {
  let d = ''
  let isDrawing = false
  for (const [x, y] of path) {
    const isPoint = Number.isFinite(x) && Number.isFinite(y)
    if (isPoint) d += isDrawing ? `L${rounded(px(x))} ${rounded(py(y))}` : `M${rounded(px(x))} ${rounded(py(y))}h0`
    isDrawing = isPoint
  }
  return d === ''
    ? ''
    : element('path', { d, fill: 'none', stroke, 'stroke-width': 2, 'stroke-linecap': 'round', 'stroke-dasharray': dash })
}

/** A stroke as it stands in a legend, around the point (x, y). */
export const svgStroke = (x: number, y: number, stroke: string, dash?: string): string =>
  svgPath(
    [
      [-12, 0],
      [12, 0],
    ],
    (dx) => x + dx,
    (dy) => y + dy,
    stroke,
    dash,
  )
