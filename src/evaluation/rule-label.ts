import { Value } from 'typebox/value'
import type { Measure } from '../define/metric-facts.js'
import { ownRuleName } from '../define/own-rule.js'
import { AnyMetric, type JudgedRule } from '../define/stored-definition.js'
import { amount, bytes, figure, gap, label, milliseconds, number, percent } from './wording.js'

/** A rule of `check` in a few words, e.g. `MAE not worse than the champion by 3 %`. */
export function ruleLabel(rule: JudgedRule): string {
  const metric = 'metric' in rule ? label(rule) : ''
  switch (rule.kind) {
    case 'threshold': {
      const bound = `${metric} ${rule.bound === 'atMost' ? 'at most' : 'at least'} ${figure(rule, rule.value)}`
      const sure = rule.confidence === undefined ? '' : ` (${percent(rule.confidence)} sure)`
      return rule.slice === undefined ? `${bound}${sure}` : `${bound} for each ${rule.slice.column}${sure}`
    }
    case 'champion': {
      if (rule.comparison === 'better') return `${metric} better than the champion`
      return `${metric} not worse than the champion by ${'relative' in rule.margin ? percent(rule.margin.relative) : amount(rule, rule.margin.absolute)}`
    }
    case 'baseline':
      return `${metric} better than the baseline`
    case 'creep':
      return `${metric} not worse than former champions by ${'relative' in rule.margin ? percent(rule.margin.relative) : number(rule.margin.absolute)}`
    case 'between':
      return `${metric} at most ${gap(rule, rule.limit)} apart between values of ${rule.column}`
    case 'latency':
      return `${rule.rows === 1 ? 'one row' : `${number(rule.rows)} rows`} within ${milliseconds(rule.milliseconds)} at the ${rule.percentile}th percentile`
    case 'packageSize':
      return `package at most ${bytes(rule.bytes)}`
    case 'clients':
      return 'recorded clients go on as they are'
    case 'own':
      return `own rule ${ownRuleName(rule)}`
  }
}

/** The metric of that name, as people write it. */
export function metricLabel(name: string): string {
  const measure = measureNamed(name)
  return measure === undefined ? name : label(measure)
}

/** A metric's value as people write it. */
export function metricFigure(name: string, value: number | null): string {
  const measure = measureNamed(name)
  if (measure !== undefined) return figure(measure, value)
  return value === null ? 'undefined' : number(value)
}

/** Metrics are stored by name; one that a later release has added is shown as it stands. */
function measureNamed(name: string): Measure | undefined {
  return Value.Check(AnyMetric, name) ? { metric: name } : undefined
}
