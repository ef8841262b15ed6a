import type { AttentionKernels, MaskLayout } from '../../reference/attention.ts'
import type { WasmArray } from '../memory.ts'
import { COST, type Core } from './core.ts'

export interface AttentionExports {
  /** Bytes of scratch for one head. */
  attentionScratch(e: number, ev: number): number
  attention(
    q: number,
    k: number,
    v: number,
    mask: number,
    maskRow: number,
    y: number,
    logSum: number,
    l: number,
    s: number,
    e: number,
    ev: number,
    isCausal: number,
    scratch: number,
  ): void
  attentionBackward(
    dy: number,
    q: number,
    k: number,
    v: number,
    y: number,
    logSum: number,
    mask: number,
    maskRow: number,
    dq: number,
    dk: number,
    dv: number,
    l: number,
    s: number,
    e: number,
    ev: number,
    isCausal: number,
    scratch: number,
  ): void
}

/** Bytes of a float32. */
const F = 4

export function attention({ exports, memory, threads }: Core<AttentionExports>): AttentionKernels<WasmArray> {
  const addressOf = (x: WasmArray | null) => (x ? memory.address(x) : 0)
  const maskOf = (mask: number, layout: MaskLayout | undefined, i: number) => (mask && layout ? mask + F * layout.offsets[i] : 0)

  return {
    attention(q, k, v, mask, { n, l, s, e, ev, isCausal = false, mask: layout }) {
      memory.begin('attention', q, k, v, ...(mask ? [mask] : []))
      const y = memory.allocate(q.dtype, n * l * ev + n * l)
      const heads = { n, cost: n * l * s * (e + ev) * COST.product, scratch: { argument: 12, bytes: exports.attentionScratch(e, ev) } }
      const sizes = [l, s, e, ev, Number(isCausal), memory.scratch(threads.scratchOf(heads))]
      const [pq, pk, pv, pm, py] = [addressOf(q), addressOf(k), addressOf(v), addressOf(mask), addressOf(y)]
      const logSum = py + F * n * l * ev
      const row = layout?.row ?? 0
      threads.runEach(exports.attention, heads, (i) => {
        const [qi, ki, vi] = [pq + F * i * l * e, pk + F * i * s * e, pv + F * i * s * ev]
        return [qi, ki, vi, maskOf(pm, layout, i), row, py + F * i * l * ev, logSum + F * i * l, ...sizes]
      })
      return y
    },

    attentionBackward(dy, q, k, v, y, mask, { n, l, s, e, ev, isCausal = false, mask: layout }) {
      memory.begin('attentionBackward', dy, q, k, v, y, ...(mask ? [mask] : []))
      const dq = memory.allocate(q.dtype, n * l * e)
      const dk = memory.allocate(q.dtype, n * s * e)
      const dv = memory.allocate(q.dtype, n * s * ev)
      const cost = n * l * s * (3 * e + 2 * ev) * COST.product
      const heads = { n, cost, scratch: { argument: 16, bytes: exports.attentionScratch(e, ev) } }
      const sizes = [l, s, e, ev, Number(isCausal), memory.scratch(threads.scratchOf(heads))]
      const [pdy, pq, pk, pv] = [addressOf(dy), addressOf(q), addressOf(k), addressOf(v)]
      const [py, pm, pdq, pdk, pdv] = [addressOf(y), addressOf(mask), addressOf(dq), addressOf(dk), addressOf(dv)]
      const logSum = py + F * n * l * ev
      const row = layout?.row ?? 0
      threads.runEach(exports.attentionBackward, heads, (i) => {
        const [ofQ, ofK, ofV, ofY] = [F * i * l * e, F * i * s * e, F * i * s * ev, F * i * l * ev]
        const inputs = [pdy + ofY, pq + ofQ, pk + ofK, pv + ofV, py + ofY, logSum + F * i * l, maskOf(pm, layout, i), row]
        return [...inputs, pdq + ofQ, pdk + ofK, pdv + ofV, ...sizes]
      })
      return [dq, dk, dv]
    },
  }
}
