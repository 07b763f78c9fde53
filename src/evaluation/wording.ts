import { factsOf, type Measure } from '../define/metric-facts.js'

/** Figures and sentences of verdicts, in one way everywhere. */

/** A metric's value with four significant digits, shares in percent, with its unit where that is known. */
export function figure(measure: Measure, value: number | null): string {
  if (value === null) return 'undefined'
  return factsOf(measure).isShare === true ? percent(value) : amount(measure, value)
}

/** A number in the metric's own unit, never in percent. */
export function amount(measure: Measure, value: number): string {
  const { unit } = factsOf(measure)
  return unit === undefined ? number(value) : `${number(value)} ${unit}`
}

/** Four significant digits, with thousands separators. */
export function number(value: number): string {
  const size = Math.abs(value)
  const digits = size === 0 ? 0 : Math.max(0, 3 - Math.floor(Math.log10(size)))
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.min(digits, 6) })
}

export function percent(share: number): string {
  return `${(share * 100).toLocaleString('en-US', { maximumFractionDigits: Math.abs(share) < 0.1 ? 2 : 1 })} %`
}

/** The size of a difference of two values of a metric: of shares in percentage points. */
export function gap(measure: Measure, size: number): string {
  return factsOf(measure).isShare === true ? `${number(Math.abs(size) * 100)} points` : figure(measure, Math.abs(size))
}

/** A difference in the unit of its margin. */
export function difference(relative: boolean, value: number): string {
  return relative ? percent(value) : number(value)
}

/** "4.1 % worse", "0.3 % better". */
export function comparison(relative: boolean, harm: number): string {
  return harm === 0 ? 'equal' : `${difference(relative, Math.abs(harm))} ${harm > 0 ? 'worse' : 'better'}`
}

/** A metric as people write it. */
export function label(measure: Measure): string {
  return factsOf(measure).label
}

const sizes = [
  ['GB', 1e9],
  ['MB', 1e6],
  ['kB', 1e3],
] as const

/** A size in the unit that suits it. */
export function bytes(count: number): string {
  const [unit, size] = sizes.find(([, least]) => count >= least) ?? ['bytes', 1]
  return `${number(count / size)} ${unit}`
}

/** A time in milliseconds, or in seconds where they are many. */
export function milliseconds(time: number): string {
  return time >= 10_000 ? `${number(time / 1000)} s` : `${number(time)} ms`
}
