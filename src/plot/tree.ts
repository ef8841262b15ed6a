import type { TreeNode } from '../classic/tree.ts'
import { Canvas, legendBlock, textBlocks } from './canvas.ts'
import { checkPositiveInteger } from './check.ts'
import { hex, seriesColour } from './colour.ts'
import { oneLine, pad, truncate, widest } from './display-width.ts'
import { svgLegend } from './frame.ts'
import { formatNumber } from './number.ts'
import { type Picture, picture } from './picture.ts'
import { element, heading, label, svgDocument, textWidth } from './svg.ts'

/** A fitted decision tree, or one of a forest: `{ kind: 'classifier', root: forest.trees[0] }`. */
export interface TreeModel {
  readonly kind: 'classifier' | 'regressor'
  readonly root: TreeNode
}

export interface TreeOptions {
  readonly title?: string
  /** What the columns of x are called. Default: x0, x1, ... */
  readonly featureNames?: readonly string[]
  /** What the classes are called, in ascending order of their labels. Default: class 0, class 1, ... */
  readonly classNames?: readonly string[]
  /** How many levels of questions are drawn; what hangs below is counted only. Default 5. */
  readonly maxDepth?: number
}

/** What is drawn of a node. */
interface Drawn {
  /** The question, or the answer of a leaf. */
  readonly text: string
  /** The strokes that lead to it in the terminal. */
  readonly strokes: string
  readonly samples: string
  readonly impurity: string
  /** The share of each class; empty in a regression. */
  readonly shares: readonly number[]
  readonly depth: number
  /** Its middle in the SVG, in boxes from the left; and that of the node above. */
  readonly x: number
  readonly above: number | null
}

/** One ink for each class, so that they differ without colours too. */
const INKS = ['█', '▒', '#', '░', '+', '▓', '=', '-', '*', '.']
const inkOf = (index: number): string => INKS[index % INKS.length]
/** Words that stand on a line push it aside. */
const ON_LINE = { 'text-anchor': 'middle', fill: '#666666', stroke: '#ffffff', 'stroke-width': 5, 'paint-order': 'stroke' }
/** Cells of a bar of shares. */
const BAR = 10

/**
 * A decision tree. A node asks whether a feature is at most a threshold: yes leads to the branch below it, no to the last one; a leaf gives the
 * class with the greatest share, or the mean. Beside it: how many samples came here, how impure they are, and the shares of the classes.
 *
 * In the terminal one line is one node, in SVG the root stands on top. Errors: fewer names than features or classes.
 *
 *     tree(await new classic.DecisionTreeClassifier({ maxDepth: 2 }).fit(x, y), { featureNames, classNames: targetNames })
 */
export function tree(model: TreeModel, options: TreeOptions = {}): Picture {
  const { title, maxDepth = 5 } = options
  checkPositiveInteger('tree', 'maxDepth', maxDepth)
  const nodes = drawnNodes(model, options, maxDepth)
  const classes = (model.kind === 'classifier' ? model.root.value : []).map((_, c) =>
    nameOf('classNames', options.classNames, c, `class ${c}`),
  )
  const legend = (width: number) =>
    legendBlock(
      classes.map((name, c) => ({ swatch: inkOf(c).repeat(3), style: { fg: seriesColour(c) }, name })),
      width,
    )
  return picture(
    (width) => [...textBlocks([title], width), paint(nodes, width), legend(width)],
    () => svg(nodes, classes, title),
  )
}

function nameOf(argument: string, names: readonly string[] | undefined, index: number, otherwise: string): string {
  if (names === undefined) return otherwise
  if (index >= names.length) throw new RangeError(`tree: ${argument} has ${names.length} names, but number ${index} is needed`)
  return oneLine(names[index])
}

/** The nodes from top to bottom, as the terminal shows them. */
function drawnNodes({ kind, root }: TreeModel, { featureNames, classNames }: TreeOptions, maxDepth: number): Drawn[] {
  const nodes: Drawn[] = []
  let leaves = 0
  const answer = ({ value }: TreeNode): string => {
    if (kind === 'regressor') return formatNumber(value[0])
    const best = value.indexOf(Math.max(...value))
    return nameOf('classNames', classNames, best, `class ${best}`)
  }
  /** Draws a node and all below it; gives its place from the left. */
  const visit = (node: TreeNode, depth: number, strokes: string, indent: string): number => {
    const { split, value } = node
    const at = nodes.length
    const drawn = {
      strokes,
      samples: String(node.samples),
      impurity: formatNumber(node.impurity, 3),
      shares: kind === 'classifier' ? value : [],
      depth,
      above: null,
    }
    const isCut = split !== null && depth === maxDepth
    if (split === null || isCut) {
      nodes.push({ ...drawn, text: isCut ? `${answer(node)} … ${countBelow(node)} nodes below` : answer(node), x: leaves })
      return leaves++
    }
    const feature = nameOf('featureNames', featureNames, split.feature, `x${split.feature}`)
    nodes.push({ ...drawn, text: `${feature} <= ${formatNumber(split.threshold)} ?`, x: 0 })
    const left = visit(split.left, depth + 1, `${indent}├ yes ─ `, `${indent}│       `.slice(0, indent.length + 4))
    const right = visit(split.right, depth + 1, `${indent}└ no ── `, `${indent}    `)
    const x = (left + right) / 2
    nodes[at] = { ...nodes[at], x }
    for (let below = at + 1; below < nodes.length; below++) {
      if (nodes[below].depth === depth + 1 && nodes[below].above === null) nodes[below] = { ...nodes[below], above: x }
    }
    return x
  }
  visit(root, 0, '', '')
  return nodes
}

function countBelow({ split }: TreeNode): number {
  return split === null ? 0 : 2 + countBelow(split.left) + countBelow(split.right)
}

/** One line for each node: the question on the left, the numbers on the right, as many as have room. */
function paint(nodes: readonly Drawn[], width: number): Canvas {
  const columns = [
    { name: 'samples', cells: nodes.map(({ samples }) => samples) },
    { name: 'impurity', cells: nodes.map(({ impurity }) => impurity) },
  ].map((column) => ({ ...column, width: widest([column.name, ...column.cells]) }))
  const bar = nodes[0].shares.length > 0 ? BAR + 2 : 0
  const full = columns.reduce((sum, column) => sum + column.width + 2, bar)
  const natural = widest(nodes.map(({ strokes, text }) => strokes + text))
  const room = width - full >= Math.min(natural, 24) ? full : width - bar >= Math.min(natural, 16) ? bar : 0
  const left = Math.min(natural, width - room)
  const canvas = new Canvas(width, nodes.length + (room === full ? 1 : 0))
  let x = left
  if (room === full) {
    for (const column of columns) {
      canvas.write(x + 2, 0, pad(column.name, column.width, 'right'))
      for (const [row, cell] of column.cells.entries()) canvas.write(x + 2, row + 1, pad(cell, column.width, 'right'))
      x += column.width + 2
    }
  }
  for (const [row, { strokes, text, shares }] of nodes.entries()) {
    const y = row + (room === full ? 1 : 0)
    canvas.write(0, y, truncate(strokes + text, left))
    if (room > 0) for (const [cell, c] of cellsOf(shares).entries()) canvas.put(x + 2 + cell, y, inkOf(c), { fg: seriesColour(c) })
  }
  return canvas
}

/** The class of each cell of a bar: the one whose stretch of the shares holds the cell's middle. */
function cellsOf(shares: readonly number[]): number[] {
  if (shares.length === 0) return []
  return Array.from({ length: BAR }, (_, cell) => {
    let sum = 0
    const at = shares.findIndex((share) => {
      sum += share
      return sum > (cell + 0.5) / BAR
    })
    return at < 0 ? shares.length - 1 : at
  })
}

function svg(nodes: readonly Drawn[], classes: readonly string[], title: string | undefined): string {
  const boxWidth = Math.max(96, ...nodes.map(({ text }) => textWidth(text) + 16))
  const [boxHeight, stepX, stepY] = [classes.length > 0 ? 58 : 46, boxWidth + 14, 96]
  const top = title === undefined ? 16 : 44
  const leaves = nodes.filter(({ x }) => Number.isInteger(x)).reduce((most, { x }) => Math.max(most, x), 0) + 1
  const levels = nodes.reduce((most, { depth }) => Math.max(most, depth), 0) + 1
  const width = Math.max(leaves * stepX + 20, title === undefined ? 0 : textWidth(title, 16) + 16)
  const px = (x: number) => 10 + (x + 0.5) * stepX
  const body: string[] = title === undefined ? [] : [heading(width / 2, title, width)]
  for (const { x, above, depth } of nodes) {
    if (above === null) continue
    const [from, to] = [top + (depth - 1) * stepY + boxHeight, top + depth * stepY]
    body.push(element('line', { x1: px(above), y1: from, x2: px(x), y2: to, stroke: '#666666' }))
    body.push(label((px(above) + px(x)) / 2, (from + to) / 2 + 4, x < above ? 'yes' : 'no', ON_LINE))
  }
  for (const { x, depth, text, samples, impurity, shares } of nodes) {
    const [left, y] = [px(x) - boxWidth / 2, top + depth * stepY]
    const middle = { 'text-anchor': 'middle' }
    body.push(element('rect', { x: left, y, width: boxWidth, height: boxHeight, rx: 5, fill: '#ffffff', stroke: '#666666' }))
    body.push(label(px(x), y + 18, text, { ...middle, 'font-weight': 600 }))
    body.push(label(px(x), y + 36, `${samples} · ${impurity}`, { ...middle, fill: '#666666' }))
    let start = left + 8
    for (const [c, share] of shares.entries()) {
      const length = share * (boxWidth - 16)
      if (length > 0) body.push(element('rect', { x: start, y: y + 44, width: length, height: 8, fill: hex(seriesColour(c)) }))
      start += length
    }
  }
  const entries = classes.map((name, c) => ({
    name,
    swatch: (x: number, y: number) => element('rect', { x: x - 12, y: y - 5, width: 24, height: 10, fill: hex(seriesColour(c)) }),
  }))
  const key = svgLegend(entries, 10, top + levels * stepY, width - 10)
  return svgDocument(width, key.bottom, title ?? 'tree', [...body, ...key.body])
}
