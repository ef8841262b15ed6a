/** How many colours a terminal shows: no escape codes at all, the 16 of ANSI, the 256 of xterm, or 24 bits per colour. */
export type ColourDepth = 'none' | '16' | '256' | '24-bit'

export interface Terminal {
  /** Columns of one line. */
  readonly width: number
  readonly colour: ColourDepth
}

/** What is asked of an output stream; `process.stdout` is one. */
export interface OutputStream {
  readonly isTTY?: boolean
  readonly columns?: number
  getColorDepth?(env?: object): number
}

export type Environment = Readonly<Record<string, string | undefined>>

/** Columns where there is no terminal: a file, a pipe, a browser. */
const DEFAULT_WIDTH = 80

/**
 * What the terminal can show, asked anew at every call, since a window can be resized.
 *
 * Colours: a non-empty `NO_COLOR` switches them off (no-color.org). Then a non-empty `FORCE_COLOR` switches them on, also in a file or a pipe
 * (`0` off, `1` 16, `2` 256, `3` 24-bit, otherwise what TERM and COLORTERM promise). Then: none without a terminal or with `TERM=dumb`;
 * 24-bit with `COLORTERM=truecolor`; else what the stream itself answers.
 *
 *     terminal()                                             // { width: 80, colour: '24-bit' }
 *     terminal({ isTTY: true, columns: 120 }, { NO_COLOR: '1' })   // { width: 120, colour: 'none' }
 */
export function terminal(stream: OutputStream = standardOutput(), env: Environment = environment()): Terminal {
  const columns = stream.columns ?? 0 // some pseudo-terminals say 0
  return { width: columns > 0 ? columns : DEFAULT_WIDTH, colour: colourDepth(stream, env) }
}

function colourDepth(stream: OutputStream, env: Environment): ColourDepth {
  if (env.NO_COLOR) return 'none'
  if (env.FORCE_COLOR) return forced(env.FORCE_COLOR, env)
  if (!stream.isTTY || env.TERM === 'dumb') return 'none'
  if (promised(env) === '24-bit' || !stream.getColorDepth) return promised(env)
  const bits = stream.getColorDepth({ ...env, NO_COLOR: undefined, FORCE_COLOR: undefined })
  return bits >= 24 ? '24-bit' : bits >= 8 ? '256' : bits >= 4 ? '16' : 'none'
}

function forced(value: string, env: Environment): ColourDepth {
  if (value === '0' || value === 'false') return 'none'
  if (value === '1') return '16'
  if (value === '2') return '256'
  if (value === '3') return '24-bit'
  return promised(env)
}

/** What the names of the terminal promise. */
function promised(env: Environment): ColourDepth {
  if (env.COLORTERM === 'truecolor' || env.COLORTERM === '24bit') return '24-bit'
  return env.TERM?.includes('256color') ? '256' : '16'
}

// A browser has no `process`; a bundler's stand-in may have no `stdout`.
function standardOutput(): OutputStream {
  return typeof process === 'undefined' ? {} : (process.stdout ?? {})
}

function environment(): Environment {
  return typeof process === 'undefined' ? {} : (process.env ?? {})
}
