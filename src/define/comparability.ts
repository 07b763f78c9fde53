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

/** How a champion that was made under one definition compares under another. */
export function comparability(champion: StoredModel, present: StoredModel): Comparability {
  if (champion.task !== present.task) return incomparable(`predicts by ${champion.task}, and the task is ${present.task} now`)
  const [former, target] = [columnOf(champion, 'target'), columnOf(present, 'target')]
  if (former !== target) return incomparable(`predicts ${former ?? 'another target'}, and the target is ${target ?? 'another'} now`)
  const features = Object.entries(champion.columns).filter(([, { role }]) => role === 'feature')
  const gone = features.map(([name]) => name).filter((name) => present.columns[name]?.role !== 'feature')
  if (gone.length > 0) return incomparable(`needs ${gone.join(', ')}, which the definition has no more`)
  if (isCutAnew(champion, present)) {
    const groups = present.split.kind === 'time' ? '' : ', and of groups that none of these has'
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

/** The column by whose values rows come to a side, with its type, whose text they are: the time, the group, else the key; else whole rows. */
export function cutBy(model: Pick<StoredModel, 'split' | 'columns'>): string {
  const name = model.split.kind === 'time' ? columnOf(model, 'time') : (columnOf(model, 'group') ?? columnOf(model, 'key'))
  const column = name === undefined ? undefined : model.columns[name]
  return name === undefined || column === undefined ? 'whole rows' : `${name} as a ${column.type}`
}

function columnOf({ columns }: Pick<StoredModel, 'columns'>, role: StoredColumn['role']): string | undefined {
  return Object.entries(columns).find(([, column]) => column.role === role)?.[0]
}
