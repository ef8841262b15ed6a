// The package has no types of its own; this describes the part that is used here.
declare module 'asciichart' {
  interface Options {
    /** Bounds of the value axis; they only ever widen what the series hold. */
    min?: number
    max?: number
    /** Rows from the lowest to the highest value. */
    height?: number
    /** Columns before the first segment: the label, then the axis. */
    offset?: number
    format?: (value: number, row: number) => string
    /** Ten characters: axis at zero, axis, two unused ends, ─ ╰ ╭ ╮ ╯ │. */
    symbols?: readonly string[]
  }
  const asciichart: { plot(series: readonly number[] | readonly (readonly number[])[], options?: Options): string }
  export default asciichart
}
