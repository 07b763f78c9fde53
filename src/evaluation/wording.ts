import type { MetricName } from '../define/stored-definition.js'
import { labelOf } from './metric.js'

/** Figures and sentences of verdicts, in one way everywhere. */

const shares: ReadonlySet<MetricName> = new Set<MetricName>(['mape', 'accuracy', 'balancedAccuracy'])

/** A metric's value with four significant digits, shares in percent. */
export function figure(metric: MetricName, value: number | null): string {
  if (value === null) return 'undefined'
  if (shares.has(metric)) return percent(value)
  return number(value)
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
export function gap(metric: MetricName, size: number): string {
  return shares.has(metric) ? `${number(Math.abs(size) * 100)} points` : number(Math.abs(size))
}

/** A difference in the unit of its margin. */
export function difference(relative: boolean, value: number): string {
  return relative ? percent(value) : number(value)
}

/** "4.1 % worse", "0.3 % better". */
export function comparison(relative: boolean, harm: number): string {
  return harm === 0 ? 'equal' : `${difference(relative, Math.abs(harm))} ${harm > 0 ? 'worse' : 'better'}`
}

export function label(metric: MetricName): string {
  return labelOf(metric)
}
