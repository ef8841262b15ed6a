import { shortPath } from './paths.ts'

/** What a lesson needs is not on this machine, and how to get it. */
export class Lacking extends Error {
  override name = 'Lacking'
  override stack = undefined // no line of the lesson is to blame
}

/** An error on one line: its name, its message, and where in the lesson it was thrown. Never a stack trace. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return `${String(error)} was thrown`
  const syntax = /^(.*):(\d+):\d+: ERROR: (.*)$/m.exec(error.message) // the compiler's
  if (syntax !== null) return `syntax error: ${syntax[3]}   (${shortPath(syntax[1])}:${syntax[2]})`
  if (error instanceof RangeError && error.message.includes('call stack')) return `a function calls itself without end${placeOf(error)}`
  const name = ['Error', 'GradusError', 'Lacking'].includes(error.name) ? '' : `${error.name}: `
  return `${name}${error.message.split('\n')[0]}${placeOf(error)}`
}

function placeOf(error: Error): string {
  const place = /exercises\/[\w/-]+\.ts:\d+/.exec(error.stack ?? '')?.[0]
  return place === undefined || error.message.includes(place) ? '' : `   (${place})`
}
