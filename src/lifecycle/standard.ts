import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import type { Database, Transaction } from '../database/schema.js'
import type { Verdict } from '../evaluation/verdict.js'
import { appendEvent } from '../runs/event.js'
import type { LifecycleRun } from './run.js'

/** Whether what serves keeps the thresholds of its definition (EVIDENCE rule 8). */
export const Standard = Type.Union([Type.Literal('kept'), Type.Literal('below')])
export type Standard = Static<typeof Standard>

const Noted = Type.Object({ standard: Type.Optional(Standard) })

/** Whether what passes does not serve at once, but beside the champion first. */
export function isRolledOut({ definition }: LifecycleRun, hasChampion: boolean): boolean {
  return definition.deploy !== undefined && hasChampion
}

/**
 * Tells once when the standard is missed and once when it is kept again. A champion that is about to be replaced by one
 * that keeps the thresholds is not told of. Undefined while nothing is known: before the first verdict that says so.
 * `noted` is what an earlier stage of the run has noted, if any.
 */
export async function noteStandard(transaction: Transaction, at: Date, run: LifecycleRun, verdict: Verdict, next: 'none' | 'approval' | 'deploy', noted?: Standard): Promise<Standard | undefined> {
  const former = noted ?? (await lastNoted(transaction, run))
  const present = standardAfter(verdict, next) ?? former
  if (present === 'below' && former !== 'below') {
    await appendEvent(transaction, { at, actor: 'refit', kind: 'model.below-standard', model: run.model, run: run.id, data: { explanation: belowWords(verdict, next), version: verdict.champion?.version } })
  }
  if (present === 'kept' && former === 'below') {
    await appendEvent(transaction, { at, actor: 'refit', kind: 'model.meets-standard', model: run.model, run: run.id, data: { explanation: keptWords(verdict, next) } })
  }
  return present
}

/** What the verdict shows of the model that serves after it; undefined where it shows nothing. */
function standardAfter(verdict: Verdict, next: 'none' | 'approval' | 'deploy'): Standard | undefined {
  if (next === 'deploy') return verdict.rules.some(({ lesserEvil }) => lesserEvil === true) ? 'below' : 'kept'
  // Too few rows say nothing about the champion either.
  if (verdict.champion === undefined || verdict.test.tooSmall !== undefined) return undefined
  return verdict.belowStandard ? 'below' : 'kept'
}

function belowWords({ champion, rules, shortfalls = [] }: Verdict, next: 'none' | 'approval' | 'deploy'): string {
  const lesser = rules.filter(({ lesserEvil }) => lesserEvil === true).map(({ explanation }) => explanation)
  return next === 'deploy' ? lesser.join(' ') : `Version ${champion?.version ?? '?'} serves and falls short. ${shortfalls.join(' ')}`
}

function keptWords({ champion }: Verdict, next: 'none' | 'approval' | 'deploy'): string {
  return next === 'deploy' ? 'The candidate that takes over keeps every threshold.' : `Version ${champion?.version ?? '?'} serves and keeps every threshold on the newest test rows.`
}

async function lastNoted(database: Database, run: LifecycleRun): Promise<Standard | undefined> {
  // Of a run with both stages the later one knows more.
  const last = await database
    .selectFrom('runs')
    .innerJoin('stages', (join) => join.onRef('stages.run', '=', 'runs.id').on('stages.name', 'in', ['check', 'refit']).on('stages.result', 'is not', null))
    .select('stages.result')
    .where('runs.model', '=', run.model)
    .where('runs.id', '!=', run.id)
    .orderBy('runs.number', 'desc')
    .orderBy('stages.name', 'desc')
    .limit(1)
    .executeTakeFirst()
  return Value.Check(Noted, last?.result) ? last.result.standard : undefined
}
