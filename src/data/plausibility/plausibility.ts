import type { PlausibilityLevel, StoredColumn, StoredContract } from '../../define/stored-definition.js'
import { neededColumns } from '../contract.js'
import type { ColumnProfile } from '../drop-profile-format.js'
import type { DropFault } from '../snapshot.js'
import { compareNumbers } from './numbers.js'
import type { AcceptedDrop, ArrivedDrop, Finding } from './reference.js'
import { compareRows } from './repeated-rows.js'
import { compareCategories, compareMissing } from './shares.js'
import { compareTimes } from './times.js'

export interface PlausibilityRules {
  readonly columns: Readonly<Record<string, StoredColumn>>
  readonly plausibility: StoredContract['plausibility']
  /** Whether a drop may bring rows that are known already, for it takes their place. */
  readonly rowsMayRepeat: boolean
}

/** Nothing is compared before so much is known. */
const FEWEST_DROPS = 5
const FEWEST_ROWS = 100
/** Accepted drops that are looked back at; a year of weeks. */
export const HISTORY_DROPS = 52
/** What the newest ones are like is plausible too: data drifts, and seasons come. */
const RECENT_DROPS = 8

const factors: Readonly<Record<Exclude<PlausibilityLevel, 'off'>, number>> = { strict: 0.6, standard: 1, loose: 2 }

/**
 * In what a drop is implausible beside the accepted ones, which stand in order of arrival: one fault a column and kind.
 * Empty also while too little is known.
 */
export function implausibilities(drop: ArrivedDrop, history: readonly AcceptedDrop[], rules: PlausibilityRules): readonly DropFault[] {
  return findingsOf(drop, history, rules)
    .filter(({ ratio }) => ratio > 1)
    .map(({ code, column, message }) => ({ code, ...(column === undefined ? {} : { column }), message }))
}

/** How far a drop is from each limit of its level, the nearest first. */
export function findingsOf(drop: ArrivedDrop, history: readonly AcceptedDrop[], { columns, plausibility, rowsMayRepeat }: PlausibilityRules): readonly Finding[] {
  const accepted = history.slice(-HISTORY_DROPS)
  if (accepted.length < FEWEST_DROPS || accepted.reduce((sum, { profile }) => sum + profile.rows, 0) < FEWEST_ROWS) return []
  const { level, columns: levels } = plausibility
  const at = (wanted: PlausibilityLevel, compare: (most: number) => readonly Finding[]): readonly Finding[] => {
    if (wanted === 'off') return []
    const most = factors[wanted]
    return compare(most).map((finding) => ({ ...finding, ratio: finding.ratio / most }))
  }
  return [
    ...neededColumns(columns).flatMap(([column]) => at(levels[column] ?? level, (most) => compareColumn(column, drop, accepted, most))),
    ...(rowsMayRepeat ? [] : at(level, () => compact(compareRows(drop.profile, accepted)))),
  ].toSorted((one, other) => other.ratio - one.ratio)
}

/** A column that is above `most` beside all is as implausible as beside those that it is most like: the newest, or one that a person let through. */
function compareColumn(column: string, drop: ArrivedDrop, accepted: readonly AcceptedDrop[], most: number): readonly Finding[] {
  const profile = drop.profile.columns[column]
  if (profile === undefined) return []
  const known = accepted.filter((each) => each.profile.columns[column] !== undefined)
  if (known.length < FEWEST_DROPS) return []
  const whole = compareWith(column, drop, profile, known)
  if (whole.every(({ ratio }) => ratio <= most)) return whole
  const others = [known.slice(-RECENT_DROPS), ...known.filter((each) => isLetThrough(each, column)).map((each) => [each])].map((some) => compareWith(column, drop, profile, some))
  return whole.map((finding) => ({ ...finding, ratio: Math.min(finding.ratio, ...others.map((findings) => findings.find(({ code }) => code === finding.code)?.ratio ?? 0)) }))
}

function compareWith(column: string, drop: ArrivedDrop, profile: ColumnProfile, reference: readonly AcceptedDrop[]): readonly Finding[] {
  const known = reference.flatMap((each) => {
    const former = each.profile.columns[column]
    return former === undefined ? [] : [{ former, rows: each.profile.rows, present: each.profile.rows - former.missing, letThrough: isLetThrough(each, column), arrivedAt: each.arrivedAt.getTime() }]
  })
  const missing = compareMissing(column, { missing: profile.missing, rows: drop.profile.rows }, known.map(({ former, rows, letThrough }) => ({ missing: former.missing, rows, letThrough })))
  const rows = drop.profile.rows - profile.missing
  return [...compact(missing), ...compareValues()]

  function compareValues(): readonly Finding[] {
    switch (profile.kind) {
      case 'number': {
        const numbers = known.flatMap(({ former, present, letThrough }) => (former.kind === 'number' ? [{ profile: former, rows: present, letThrough }] : []))
        return numbers.length === 0 ? [] : compareNumbers(column, { profile, rows }, numbers)
      }
      case 'category': {
        const categories = known.flatMap(({ former, present, letThrough }) => (former.kind === 'category' && present > 0 ? [{ profile: former, rows: present, letThrough }] : []))
        return rows === 0 || categories.length === 0 ? [] : compareCategories(column, { profile, rows }, categories)
      }
      case 'time': {
        const times = known.flatMap(({ former, arrivedAt }) => (former.kind === 'time' ? [{ profile: former, arrivedAt }] : []))
        return compact(compareTimes(column, { profile, arrivedAt: drop.arrivedAt.getTime() }, times))
      }
      case 'other':
        return []
    }
  }
}

function isLetThrough({ profile }: AcceptedDrop, column: string): boolean {
  return profile.letThrough?.includes(column) ?? false
}

function compact(finding: Finding | undefined): readonly Finding[] {
  return finding === undefined ? [] : [finding]
}
