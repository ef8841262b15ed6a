/**
 * A number in few characters: integers in full, others with `digits` significant digits; beyond 10⁶ or below 10⁻³ as 1.5e-7.
 *
 *     formatNumber(0.123456) = '0.1235'     formatNumber(1797) = '1797'     formatNumber(1.5e-7) = '1.5e-7'
 */
export function formatNumber(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '-∞'
  const size = Math.abs(value)
  if (size >= 1e6 || (size < 1e-3 && size > 0)) return Number(value.toPrecision(digits)).toExponential()
  if (Number.isInteger(value)) return String(value === 0 ? 0 : value)
  return String(Number(value.toPrecision(Math.max(digits, Math.floor(Math.log10(size)) + 1))))
}

/** A number with so many decimals, zero without a sign; without `decimals` as `formatNumber` writes it. */
export function formatFixed(value: number, decimals: number | undefined): string {
  if (decimals === undefined || !Number.isFinite(value)) return formatNumber(value)
  const text = value.toFixed(decimals)
  return Number(text) === 0 ? text.replace('-', '') : text
}

/** A value with as many decimals as tell two of them, `step` apart, from one another. */
export function formatStep(value: number, step: number): string {
  const size = Math.max(Math.abs(value), step)
  if (size >= 1e6 || step < 1e-4) return formatNumber(value, Math.min(15, Math.max(3, Math.ceil(Math.log10(size / step)) + 1)))
  return formatFixed(value, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)))
}
