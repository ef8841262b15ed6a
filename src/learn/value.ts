/** A value as it was at one moment: nothing that is written to later changes it. */
export type Snapshot =
  | { readonly kind: 'scalar'; readonly type: string; readonly value: unknown }
  | { readonly kind: 'list'; readonly type: string; readonly items: readonly Snapshot[] }
  | { readonly kind: 'record'; readonly type: string; readonly entries: ReadonlyMap<string, Snapshot> }

/** What a Tensor looks like from here; the runner does not depend on the engine. */
interface TensorLike {
  readonly shape: readonly number[]
  read(): Promise<ArrayLike<number>>
}

function isTensor(value: object): value is TensorLike {
  return 'shape' in value && Array.isArray(value.shape) && 'read' in value && typeof value.read === 'function'
}

/** Copies a value with all that it holds; tensors are read from their device. `seen` makes shared parts and cycles end. */
export async function snapshot(value: unknown, seen: Map<object, Snapshot> = new Map()): Promise<Snapshot> {
  if (typeof value !== 'object' || value === null) return { kind: 'scalar', type: value === null ? 'null' : typeof value, value }
  const known = seen.get(value)
  if (known !== undefined) return known
  const type = value.constructor?.name ?? 'Object'
  if (isTensor(value)) {
    const flat = Array.from(await value.read(), scalar)
    return nest(flat, value.shape, `${type} of shape [${value.shape.join(', ')}]`)
  }
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return { kind: 'list', type, items: Array.from(value as Float64Array, scalar) }
  }
  if (Array.isArray(value) || value instanceof Map || value instanceof Set) {
    const items: Snapshot[] = []
    const list: Snapshot = { kind: 'list', type, items }
    seen.set(value, list)
    for (const item of value) items.push(await snapshot(item, seen))
    return list
  }
  const entries = new Map<string, Snapshot>()
  const record: Snapshot = { kind: 'record', type, entries }
  seen.set(value, record)
  for (const [key, entry] of Object.entries(value)) {
    if (typeof entry !== 'function') entries.set(key, await snapshot(entry, seen))
  }
  return record
}

const scalar = (value: number): Snapshot => ({ kind: 'scalar', type: 'number', value })

function nest(flat: readonly Snapshot[], shape: readonly number[], type: string): Snapshot {
  if (shape.length === 0) return { kind: 'list', type, items: flat }
  if (shape.length === 1) return { kind: 'list', type, items: flat }
  const [n, ...rest] = shape
  const stride = rest.reduce((product, size) => product * size, 1)
  const items = Array.from({ length: n }, (_, i) => nest(flat.slice(i * stride, (i + 1) * stride), rest, 'row'))
  return { kind: 'list', type, items }
}

/** How `came` differs from `expected`, as a short sentence; undefined when they agree within `tolerance` (relative to 1 or to the value). */
export function difference(came: Snapshot, expected: Snapshot, tolerance: number, where = ''): string | undefined {
  return compare(came, expected, tolerance, where, new Set())
}

function compare(came: Snapshot, expected: Snapshot, tolerance: number, where: string, seen: Set<Snapshot>): string | undefined {
  const place = where === '' ? 'it' : where
  if (came.type !== expected.type) return `${place} should be ${article(expected.type)}, and is ${article(came.type)}`
  if (seen.has(expected)) return undefined
  if (came.kind === 'list' && expected.kind === 'list') {
    seen.add(expected)
    if (came.items.length !== expected.items.length) {
      return `${place} should have length ${expected.items.length}, and has length ${came.items.length}`
    }
    return first(came.items, (item, i) => compare(item, expected.items[i], tolerance, `${where}[${i}]`, seen))
  }
  if (came.kind === 'record' && expected.kind === 'record') {
    seen.add(expected)
    const missing = [...expected.entries.keys()].find((key) => !came.entries.has(key))
    if (missing !== undefined) return `${place} should have a property ${missing}`
    const surplus = [...came.entries.keys()].find((key) => !expected.entries.has(key))
    if (surplus !== undefined) return `${place} should have no property ${surplus}`
    return first([...expected.entries], ([key, entry]) => {
      const other = came.entries.get(key)
      return other && compare(other, entry, tolerance, `${where}.${key}`, seen)
    })
  }
  if (came.kind !== 'scalar' || expected.kind !== 'scalar') return `${place} differs`
  return sameScalar(came.value, expected.value, tolerance) ? undefined : `${place} differs`
}

/** The numbers alone, whatever holds them: an array may be compared with a typed array or a tensor. */
export function numericDifference(came: Snapshot, expected: Snapshot, tolerance: number): string | undefined {
  return difference(untyped(came), untyped(expected), tolerance)
}

function untyped(value: Snapshot): Snapshot {
  if (value.kind === 'scalar') return value
  if (value.kind === 'list') return { ...value, type: 'list', items: value.items.map(untyped) }
  return { ...value, type: 'record', entries: new Map([...value.entries].map(([key, entry]) => [key, untyped(entry)])) }
}

function sameScalar(a: unknown, b: unknown, tolerance: number): boolean {
  if (typeof a !== 'number' || typeof b !== 'number') return Object.is(a, b)
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b)
  if (!Number.isFinite(b)) return a === b // no number is near infinity
  return Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b))
}

function first<T>(items: readonly T[], of: (item: T, index: number) => string | undefined): string | undefined {
  for (let i = 0; i < items.length; i++) {
    const found = of(items[i], i)
    if (found !== undefined) return found
  }
  return undefined
}

function article(type: string): string {
  if (type === 'undefined' || type === 'null') return type
  return `${/^[AEIOUaeiou]/.test(type) ? 'an' : 'a'} ${type}`
}

/** Whether a number that is no number stands in a value. */
export function hasNaN(value: Snapshot, seen: Set<Snapshot> = new Set()): boolean {
  if (value.kind === 'scalar') return Number.isNaN(value.value)
  if (seen.has(value)) return false
  seen.add(value)
  const parts = value.kind === 'list' ? value.items : [...value.entries.values()]
  return parts.some((part) => hasNaN(part, seen))
}

const MOST_ITEMS = 12

/** A value as a learner would write it, numbers with `digits` significant digits. */
export function format(value: Snapshot, digits = 6, depth = 0): string {
  if (value.kind === 'scalar') return formatScalar(value.value, digits)
  if (depth > 6) return '…'
  if (value.kind === 'list') {
    const items = value.items.slice(0, MOST_ITEMS).map((item) => format(item, digits, depth + 1))
    if (value.items.length > MOST_ITEMS) items.push(`… ${value.items.length} in all`)
    return `[${items.join(', ')}]`
  }
  const entries = [...value.entries].map(([key, entry]) => `${key}: ${format(entry, digits, depth + 1)}`)
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`
}

function formatScalar(value: unknown, digits: number): string {
  if (typeof value === 'number') return Object.is(value, -0) ? '0' : String(Number(value.toPrecision(digits)))
  if (typeof value === 'string') return `'${value}'`
  return String(value)
}
