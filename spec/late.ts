/** The reference as a backend whose numbers arrive later, as a GPU's do: what the library must get along with, without a GPU. */
import { GradusError } from '../src/errors.ts'
import { type Kernels, reference } from '../src/kernels.ts'
import { dtypeOf, type HostArray, zerosOf } from '../src/reference/array.ts'
import { gone } from '../src/reference/memory.ts'

/** Arrays of finished graphs up to this length stay readable. */
const SMALL = 64

export class Late {
  /** Null once it has been given up. */
  numbers: HostArray | null
  /** The host has the numbers, too. */
  atHand: boolean
  state: 'live' | 'recycled' | 'released' = 'live'
  readonly madeBy: string

  constructor(numbers: HostArray, atHand: boolean, madeBy: string) {
    this.numbers = numbers
    this.atHand = atHand
    this.madeBy = madeBy
  }

  of(operation: string): HostArray {
    if (this.numbers !== null) return this.numbers
    throw gone(operation, { dtype: 'float32', length: 0, madeBy: this.madeBy, state: this.state })
  }

  giveUp(state: 'recycled' | 'released'): void {
    this.numbers = null
    this.state = state
  }
}

export interface LateBackend {
  readonly kernels: Kernels<Late>
  /** Kernels that have run so far, and reads that have been answered. */
  readonly counts: { calls: number; reads: number }
}

type Kernel = (...args: unknown[]) => unknown

export function createLate(): LateBackend {
  const counts = { calls: 0, reads: 0 }
  const live = new Set<Late>()
  let retired: Late[] = []
  let complaint: unknown = null

  const enter = (numbers: HostArray, atHand: boolean, madeBy: string): Late => {
    const late = new Late(numbers, atHand, madeBy)
    live.add(late)
    return late
  }
  const giveUp = (late: Late, state: 'recycled' | 'released') => {
    late.giveUp(state)
    live.delete(late)
  }
  const outward = (value: unknown, madeBy: string): unknown => {
    if (Array.isArray(value)) return value.map((each) => outward(each, madeBy))
    return ArrayBuffer.isView(value) ? enter(value as HostArray, false, madeBy) : value
  }
  /** Numbers that break a law are found later. */
  const look = (late: Late, check: () => void) => {
    try {
      check()
    } catch (error) {
      if (late.atHand) throw error
      complaint ??= error
    }
  }
  const supersede = (arrays: Late[]) => {
    for (const late of arrays) if ((late.numbers?.length ?? 0) > SMALL) giveUp(late, 'recycled')
  }

  const own: Partial<Kernels<Late>> = {
    name: 'webgpu',
    dtypes: ['float32', 'int32'],
    upload: (host) => enter(host.slice(), true, 'upload'),
    download: (_, operation) => {
      throw new GradusError(operation, 'on webgpu the numbers arrive later: use await t.read()')
    },
    read: async (late, operation) => {
      const numbers = late.of(operation).slice()
      await new Promise((resolve) => setImmediate(resolve))
      counts.reads++
      const found = complaint
      complaint = null
      if (found !== null) throw found
      return numbers
    },
    peek: (late) => (late.atHand ? late.numbers : null),
    leave: async () => {
      await new Promise((resolve) => setImmediate(resolve))
      for (const late of live) late.atHand = true
    },
    release: (late) => giveUp(late, 'released'),
    consume(late, run) {
      try {
        return run()
      } finally {
        giveUp(late, 'released')
      }
    },
    retire: (arrays) => {
      supersede(retired)
      retired = arrays
    },
    supersede,
    copy: (late) => enter(late.of('copy').slice(), late.atHand, 'copy'),
    check: (late, law) => look(late, () => reference.check(late.of('check'), law)),
    cast: (late, options) => {
      const numbers = late.of('cast')
      let y = zerosOf(options.dtype, numbers.length)
      look(late, () => {
        y = reference.cast(numbers, options)
      })
      return enter(y, false, 'cast')
    },
  }

  /** A kernel of the reference; what it is given must be an array of this backend, in a type that it computes. */
  const wrapped = (name: string, kernel: Kernel): Kernel => {
    return (...args) => {
      counts.calls++
      const inward = (arg: unknown): unknown => {
        if (Array.isArray(arg)) return arg.map(inward)
        if (!(arg instanceof Late)) return arg
        if (name.endsWith('Into')) arg.atHand = false
        const numbers = arg.of(name)
        if (dtypeOf(numbers) === 'float64') throw new Error(`${name} got float64`)
        return numbers
      }
      return outward(kernel(...args.map(inward)), name)
    }
  }
  const kernels = Object.fromEntries(
    Object.entries(reference).map(([name, kernel]) => [name, typeof kernel === 'function' ? wrapped(name, kernel as Kernel) : kernel]),
  )
  return { kernels: { ...kernels, ...own } as unknown as Kernels<Late>, counts }
}
