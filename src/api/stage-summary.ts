import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { manifestObject } from '../packages/store.js'
import type { RunDetail, RunDrop } from './wire/run.js'

/** A stage's result as far as its summary shows it; what stands there besides belongs to the lifecycle. */
const DropNote = Type.Object({ id: Type.String(), key: Type.String(), rows: Type.Optional(Type.Integer()), why: Type.Optional(Type.String()) })
const Ingested = Type.Object({
  rows: Type.Integer(),
  isMerged: Type.Optional(Type.Boolean()),
  drops: Type.Object({
    ingested: Type.Array(DropNote),
    quarantined: Type.Array(DropNote),
    discarded: Type.Array(DropNote),
    superseded: Type.Array(DropNote),
  }),
})
const Split = Type.Object({
  rows: Type.Object({ train: Type.Integer(), validation: Type.Integer(), test: Type.Integer() }),
  leakage: Type.Object({ groupsOnBothSides: Type.Integer(), warnings: Type.Optional(Type.Array(Type.String())) }),
})
const Trained = Type.Object({ format: Type.String(), digest: Type.String(), objectVersion: Type.Optional(Type.String()) })
const Refitted = Type.Object({ ...Trained.properties, rows: Type.Integer() })
const Checked = Type.Object({ answer: Type.String(), summary: Type.String(), comparedWith: Type.Optional(Type.Integer()) })
const Published = Type.Object({ number: Type.Integer() })
const Deployed = Type.Object({ version: Type.Integer(), rollout: Type.Optional(Type.String()), withdrawn: Type.Optional(Type.Array(Type.String())) })

/** Where the package that a run has trained lies in the object store; undefined while there is none. */
export function packageOf(trained: unknown): RunDetail['package'] {
  if (!Value.Check(Trained, trained)) return undefined
  const { digest, objectVersion } = trained
  return { object: manifestObject(digest), ...(objectVersion === undefined ? {} : { objectVersion }) }
}

/** What a finished stage gave, in a few words and figures. */
export function summariseStage(stage: string, result: unknown): string {
  switch (stage) {
    case 'ingest':
      return Value.Check(Ingested, result) ? `${figure(result.rows)} rows${result.isMerged === true ? ' delivered' : ''}; ${dropCounts(result.drops)}` : ''
    case 'split':
      return Value.Check(Split, result)
        ? `train ${figure(result.rows.train)} · validation ${figure(result.rows.validation)} · test ${figure(result.rows.test)} rows · ` +
            `${result.leakage.groupsOnBothSides} shared groups`
        : ''
    case 'train':
      return Value.Check(Trained, result) ? `${result.format} model ${result.digest.slice(0, 12)}` : ''
    case 'refit':
      return Value.Check(Refitted, result) ? `${result.format} model ${result.digest.slice(0, 12)}, trained on all ${figure(result.rows)} rows` : ''
    case 'check':
      return Value.Check(Checked, result) ? `${result.answer}: ${result.summary}` : ''
    case 'version':
      return Value.Check(Published, result) ? `version ${result.number}` : ''
    case 'deploy':
      if (!Value.Check(Deployed, result)) return ''
      if (result.rollout !== undefined) return `version ${result.version} is rolled out (${result.rollout})`
      return result.withdrawn === undefined ? `version ${result.version} serves` : `version ${result.version} does not serve: ${result.withdrawn.join(', ')} withdrawn`
    default:
      return ''
  }
}

/** What the split has to say about its sets, a sentence each. */
export function warningsOf(split: unknown): readonly string[] {
  return Value.Check(Split, split) ? (split.leakage.warnings ?? []) : []
}

/** Whether there was a champion to compare with, from the result of the check. */
export function hadChampion(checked: unknown): boolean {
  return Value.Check(Checked, checked) && checked.comparedWith !== undefined
}

/** The drops that a run took, with what became of them, from the result of its ingest. */
export function dropsOf(ingested: unknown): readonly RunDrop[] {
  if (!Value.Check(Ingested, ingested)) return []
  return Object.entries(ingested.drops).flatMap(([state, drops]) =>
    drops.map(({ id, key, rows, why }) => ({ id, key, state, ...(rows === undefined ? {} : { rows }), ...(why === undefined ? {} : { reason: why }) })),
  )
}

function dropCounts(drops: Readonly<Record<string, readonly unknown[]>>): string {
  const counts = Object.entries(drops).filter(([, some]) => some.length > 0)
  return counts.length === 0 ? 'no new drop' : counts.map(([state, some]) => `${some.length} ${some.length === 1 ? 'drop' : 'drops'} ${state}`).join(', ')
}

function figure(count: number): string {
  return count.toLocaleString('en-US')
}
