import { Type, type Static } from 'typebox'
import { openTestRows } from '../data/test-rows.js'
import { StoredModel } from '../define/stored-definition.js'
import { RuleResult } from '../evaluation/verdict.js'
import type { PredictorAdapter } from '../predictors/predictor.js'
import { noteAsking } from './asking-note.js'
import { candidateUnservable } from './check-candidate.js'
import { judgeServing } from './judge-serving.js'
import { scoreRows } from './score-rows.js'

/** What the child that asks a package of a second training is given. */
export const RefittedInput = Type.Object({
  definition: StoredModel,
  /** Of the first training: with its test set the package is asked. */
  setsFolder: Type.String(),
  /** Of the package. */
  folder: Type.String(),
})
export type RefittedInput = Static<typeof RefittedInput>

/** What it found of the rules that do not look at the test rows, or why the package cannot be served. */
export const AskedRefitted = Type.Union([Type.Object({ rules: Type.Array(RuleResult) }), Type.Object({ unservable: Type.String() })])
export type AskedRefitted = Static<typeof AskedRefitted>

/** Asks a package for every row of the test set, which it has trained on: how well it answers is not looked at. */
export async function askRefitted(adapters: readonly PredictorAdapter[], { definition, setsFolder, folder }: RefittedInput): Promise<AskedRefitted> {
  const source = await openTestRows(setsFolder)
  const asking = noteAsking(undefined)
  try {
    const [answers] = await scoreRows(adapters, [{ whose: 'candidate', folder }], source, { asking })
    if (answers === undefined) throw new Error('the package was not asked')
    if (answers.kind === 'broken') return candidateUnservable(answers.error)
    const results = await judgeServing(adapters, { definition, candidateFolder: folder }, undefined, source, asking, () => undefined)
    return { rules: [...results.values()] }
  } finally {
    source.close()
  }
}
