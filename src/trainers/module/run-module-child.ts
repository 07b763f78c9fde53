import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { TrainingContext } from './definition.js'

/** Runs a bundled trainer module by the training contract. */
async function main(): Promise<void> {
  const bundle = process.argv[2] ?? ''
  const loaded: unknown = await import(pathToFileURL(bundle).href)
  const train: unknown = typeof loaded === 'object' && loaded !== null ? Reflect.get(loaded, 'default') : undefined
  if (typeof train !== 'function') throw new Error('the trainer module has no function as its default export')
  const variable = (name: string): string => process.env[name] ?? ''
  const context: TrainingContext = {
    trainFolder: variable('REFIT_TRAIN'),
    validationFolder: variable('REFIT_VALIDATION'),
    modelFolder: variable('REFIT_MODEL_DIR'),
    ...(variable('REFIT_CHECKED_MODEL') === '' ? {} : { checkedFolder: variable('REFIT_CHECKED_MODEL') }),
    target: variable('REFIT_TARGET'),
    ...(variable('REFIT_WEIGHT') === '' ? {} : { weight: variable('REFIT_WEIGHT') }),
    task: variable('REFIT_TASK') === 'classification' ? 'classification' : 'regression',
    parameters: Value.Parse(Type.Record(Type.String(), Type.Unknown()), JSON.parse(await readFile(variable('REFIT_PARAMS'), 'utf8'))),
    seed: Number(variable('REFIT_SEED')),
  }
  await Reflect.apply(train, undefined, [context])
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    // The reason comes last, for the end of the log is what is shown first.
    if (error instanceof Error) console.error(error.stack)
    console.error(error instanceof Error ? error.message : String(error))
    process.exit(1)
  },
)
