import { Type, type Static } from 'typebox'
import { canonicalJson } from './canonical-json.js'
import type { StoredColumn, StoredModel } from './stored-definition.js'

/** What of the test rows a candidate under the present definition can be compared on with the champion, and why. */
export const Comparability = Type.Object({
  rows: Type.Union([Type.Literal('all'), Type.Literal('later'), Type.Literal('none')], { description: 'All test rows; those of drops that came after the champion\'s; or none' }),
  /** One or two sentences. */
  text: Type.String(),
})
export type Comparability = Static<typeof Comparability>

/** How a champion that was made under one definition compares under another. `sawEveryRow`: it was trained on the test rows too. */
export function comparability(champion: StoredModel, present: StoredModel, sawEveryRow = false): Comparability {
  if (champion.task !== present.task) return incomparable(`predicts by ${champion.task}, and the task is ${present.task} now`)
  const [former, target] = [columnOf(champion, 'target'), columnOf(present, 'target')]
  if (former !== target) return incomparable(`predicts ${former ?? 'another target'}, and the target is ${target ?? 'another'} now`)
  const features = Object.entries(champion.columns).filter(([, { role }]) => role === 'feature')
  const gone = features.map(([name]) => name).filter((name) => present.columns[name]?.role !== 'feature')
  if (gone.length > 0) return incomparable(`needs ${gone.join(', ')}, which the definition no longer has`)
  const groups = present.split.kind === 'time' ? '' : ', and of groups that none of these has'
  if (sawEveryRow) {
    return { rows: 'later', text: `The champion was trained on every row that there was (refitOnAll), so it is compared only on rows of drops that come after its own${groups}; until there are enough, the comparison is inconclusive.` }
  }
  if (isCutAnew(champion, present)) {
    return { rows: 'later', text: `The sets are cut anew, so the champion is compared only on rows of drops that come after its own${groups}; until there are enough, the comparison is inconclusive.` }
  }
  const retyped = features.filter(([name, { type }]) => present.columns[name]?.type !== type).map(([name]) => name)
  if (retyped.length > 0) return { rows: 'all', text: `The champion takes ${retyped.join(', ')} in the former type; where new values cannot be read so, it cannot be compared.` }
  return { rows: 'all', text: 'The champion is compared as before, on the same rows.' }
}

function incomparable(reason: string): Comparability {
  return { rows: 'none', text: `The champion ${reason}: it cannot be compared. Where \`check\` compares, the next candidate that the other rules let through waits for an approval.` }
}

/** Whether a row can come to lie on another side: by another rule, by another column, or drawn among others. */
function isCutAnew(former: StoredModel, present: StoredModel): boolean {
  if (canonicalJson(former.split) !== canonicalJson(present.split)) return true
  if (present.split.kind === 'group' && present.split.stratify !== undefined && former.holdout !== present.holdout) return true
  return cutBy(former) !== cutBy(present)
}

/**
 * What says to which side a row comes, with its type, whose text it is: the time, else what keeps rows together. Verdicts and
 * notes of former releases may have `whole rows` without their columns: that is no cut of today, and nothing is known of it.
 */
export function cutBy(model: Pick<StoredModel, 'split' | 'columns'>): string {
  return model.split.kind === 'time' ? typed(model.columns, columnOf(model, 'time')) : keptTogetherBy(model)
}

/** What keeps rows together: the group, else the key; else it is whole rows, by the columns whose values make their text (`unitExpression`). */
export function keptTogetherBy({ columns }: Pick<StoredModel, 'columns'>): string {
  const grouping = columnOf({ columns }, 'group') ?? columnOf({ columns }, 'key')
  if (grouping !== undefined) return typed(columns, grouping)
  const whole = Object.keys(columns).filter((name) => columns[name]?.role !== 'ignored' && columns[name]?.role !== 'weight')
  return `whole rows of ${whole.toSorted().map((name) => typed(columns, name)).join(', ')}`
}

function typed(columns: StoredModel['columns'], name: string | undefined): string {
  return name === undefined ? 'nothing' : `${name} as a ${columns[name]?.type ?? 'nothing'}`
}

function columnOf({ columns }: Pick<StoredModel, 'columns'>, role: StoredColumn['role']): string | undefined {
  return Object.entries(columns).find(([, column]) => column.role === role)?.[0]
}
