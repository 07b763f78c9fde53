import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { revealSecretsIn } from '../define/secret.js'
import type { StoredColumn } from '../define/stored-definition.js'
import { basicEnvironment } from '../processes/run-process.js'
import type { TrainingRequest } from './trainer.js'

const Parameters = Type.Record(Type.String(), Type.Unknown())

/**
 * The environment of every trainer: Refit's own variables, and those under which scripts written for SageMaker and
 * Vertex AI look. The platforms' test variables point at the validation set: test rows do not leave the check before it has decided.
 * docs/training-contract.md is its public form.
 */
export async function trainingEnvironment(request: TrainingRequest): Promise<Record<string, string>> {
  const { trainFolder, validationFolder, modelFolder, checkedFolder, attemptFolder, definition, seed } = request
  const given = request.options['parameters'] ?? {}
  const parameters = Value.Parse(Parameters, revealSecretsIn(given))
  const parametersFile = join(attemptFolder, 'parameters.json')
  await writeFile(parametersFile, JSON.stringify(parameters), { mode: 0o600 })
  const columnOf = (wanted: StoredColumn['role']): string | undefined => Object.entries(definition.columns).find(([, { role }]) => role === wanted)?.[0]
  const weight = columnOf('weight')
  const trainCsv = join(trainFolder, 'train.csv')
  const validationCsv = join(validationFolder, 'validation.csv')
  return {
    ...basicEnvironment(),
    REFIT_TRAIN: trainFolder,
    REFIT_VALIDATION: validationFolder,
    REFIT_MODEL_DIR: modelFolder,
    ...(checkedFolder === undefined ? {} : { REFIT_CHECKED_MODEL: checkedFolder }),
    REFIT_PARAMS: parametersFile,
    REFIT_SEED: String(seed),
    REFIT_TARGET: columnOf('target') ?? '',
    ...(weight === undefined ? {} : { REFIT_WEIGHT: weight }),
    REFIT_TASK: definition.task,
    SM_CHANNELS: JSON.stringify(['train', 'validation', 'test']),
    SM_CHANNEL_TRAIN: trainFolder,
    SM_CHANNEL_VALIDATION: validationFolder,
    SM_CHANNEL_TEST: validationFolder,
    SM_MODEL_DIR: modelFolder,
    SM_OUTPUT_DATA_DIR: attemptFolder,
    SM_HPS: JSON.stringify(parameters),
    ...Object.fromEntries(Object.entries(parameters).map(([name, value]) => [`SM_HP_${name.toUpperCase().replaceAll(/\W/g, '_')}`, plain(value)])),
    AIP_DATA_FORMAT: 'csv',
    AIP_TRAINING_DATA_URI: trainCsv,
    AIP_VALIDATION_DATA_URI: validationCsv,
    AIP_TEST_DATA_URI: validationCsv,
    AIP_MODEL_DIR: modelFolder,
  }
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
