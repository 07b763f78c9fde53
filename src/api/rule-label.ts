import type { StoredRule } from '../define/stored-definition.js'

/** A rule of `check` in a few words, e.g. `mae not worse than the champion by 3 %`. */
export function ruleLabel(rule: StoredRule): string {
  switch (rule.kind) {
    case 'threshold': {
      const bound = `${rule.metric} ${rule.bound === 'atMost' ? 'at most' : 'at least'} ${rule.value}`
      const sure = rule.confidence === undefined ? '' : ` (${rule.confidence * 100} % sure)`
      return rule.slice === undefined ? `${bound}${sure}` : `${bound} for each ${rule.slice.column}${sure}`
    }
    case 'champion': {
      if (rule.comparison === 'better') return `${rule.metric} better than the champion`
      const margin = 'relative' in rule.margin ? `${Number((rule.margin.relative * 100).toPrecision(4))} %` : String(rule.margin.absolute)
      return `${rule.metric} not worse than the champion by ${margin}`
    }
    case 'baseline':
      return `${rule.metric} better than the baseline`
  }
}
