// The words of AssemblyScript that a lesson's functions are written in. An editor knows them from here; what computes is the WebAssembly that
// src/learn/compile.ts makes of the functions, in which each of them is one instruction. A lane is one of the four numbers of a vector.

/** A whole number of 32 bits. A literal without a point is one: write `let sum: f32 = 0` for a sum of floats. */
export type i32 = number
/** An address: a whole number of bytes, 4 from one f32 to the next. */
export type usize = number
/** A floating-point number of 32 bits. */
export type f32 = number
/** A vector: 128 bits, four f32 side by side. */
export interface v128 {
  readonly lanes: 4
}

/** The f32 at an address, or `offset` bytes behind it: `load<f32>(a)`, `load<f32>(a, 4)`. */
export function load<T extends number>(_address: usize, _offset?: number): T {
  return notCompiled('load')
}

/** Writes an f32 at an address: `store<f32>(y, value)`. */
export function store<T extends number>(_address: usize, _value: T, _offset?: number): void {
  notCompiled('store')
}

/** The smaller of two numbers. */
export function min(_x: number, _y: number): number {
  return notCompiled('min')
}

export const v128 = {
  /** The four f32 from an address on. */
  load: (_address: usize, _offset?: number): v128 => notCompiled('v128.load'),
  /** The f32 at an address, in all four lanes. */
  load32_splat: (_address: usize, _offset?: number): v128 => notCompiled('v128.load32_splat'),
  /** Writes four f32 from an address on. */
  store: (_address: usize, _value: v128, _offset?: number): void => notCompiled('v128.store'),
}

export const f32x4 = {
  /** One number in all four lanes. */
  splat: (_value: f32): v128 => notCompiled('f32x4.splat'),
  add: (_x: v128, _y: v128): v128 => notCompiled('f32x4.add'),
  sub: (_x: v128, _y: v128): v128 => notCompiled('f32x4.sub'),
  mul: (_x: v128, _y: v128): v128 => notCompiled('f32x4.mul'),
  div: (_x: v128, _y: v128): v128 => notCompiled('f32x4.div'),
  /** x · y + z, rounded once where the processor can (fused), else twice. */
  relaxed_madd: (_x: v128, _y: v128, _z: v128): v128 => notCompiled('f32x4.relaxed_madd'),
  /** The number in one lane. */
  extract_lane: (_x: v128, _lane: 0 | 1 | 2 | 3): f32 => notCompiled('f32x4.extract_lane'),
}

function notCompiled(word: string): never {
  throw new Error(`${word} is AssemblyScript: it runs where the lesson has compiled it, by compileLesson(import.meta)`)
}
