import { readFile, rename, writeFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { RuleContext } from '../define/own-rule.js'
import { readManifest } from '../packages/read.js'
import { openPackage } from '../predictors/open-package.js'
import type { PredictorAdapter } from '../predictors/predictor.js'

/** Runs a bundled rule of the user's own by its contract, and leaves its answer. Runs in a child of its own. */
export async function answerRule(adapters: readonly PredictorAdapter[], bundle: string): Promise<void> {
  const loaded: unknown = await import(pathToFileURL(bundle).href)
  const judge: unknown = typeof loaded === 'object' && loaded !== null ? Reflect.get(loaded, 'default') : undefined
  if (typeof judge !== 'function') throw new Error('the module has no function as its default export')
  const variable = (name: string): string => process.env[name] ?? ''
  const candidateFolder = variable('REFIT_CANDIDATE')
  const championFolder = variable('REFIT_CHAMPION')
  const manifest = await readManifest(candidateFolder)
  const predictor = await openPackage(adapters, candidateFolder, manifest)
  const { inputs, classes } = manifest.signature
  const context: RuleContext = {
    rowsFolder: variable('REFIT_ROWS'),
    candidateFolder,
    championFolder: championFolder === '' ? undefined : championFolder,
    task: variable('REFIT_TASK') === 'classification' ? 'classification' : 'regression',
    target: variable('REFIT_TARGET'),
    parameters: Value.Parse(Type.Record(Type.String(), Type.Unknown()), JSON.parse(await readFile(variable('REFIT_PARAMS'), 'utf8'))),
    predict: async (rows) => {
      const columns = Object.fromEntries(inputs.map(({ name }) => [name, rows.map((row) => row[name] ?? null)]))
      const answers = await predictor.predict({ rows: rows.length, columns })
      if (answers.task === 'regression') return [...answers.values]
      return rows.map((_, row) => Object.fromEntries(classes.map((label, index) => [label, answers.probabilities[row * classes.length + index] ?? 0])))
    },
  }
  const answer: unknown = await Reflect.apply(judge, undefined, [context])
  const file = variable('REFIT_ANSWER')
  await writeFile(`${file}.tmp`, JSON.stringify(answer) ?? 'null')
  await rename(`${file}.tmp`, file)
}
