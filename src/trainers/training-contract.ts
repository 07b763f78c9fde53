import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Value } from 'typebox/value'
import { revealSecretsIn } from '../define/secret.js'
import type { StoredColumn } from '../define/stored-definition.js'
import { basicEnvironment } from '../processes/run-process.js'
import { Parameters } from './parameters.js'
import { sagemakerVariables } from './sagemaker-variables.js'
import type { TrainingRequest } from './trainer.js'

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
  for (const name of ['checkpoints', 'tensorboard']) await mkdir(join(attemptFolder, name), { recursive: true })
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
    ...(await sagemakerVariables(request, parameters)),
    AIP_DATA_FORMAT: 'csv',
    AIP_TRAINING_DATA_URI: trainCsv,
    AIP_VALIDATION_DATA_URI: validationCsv,
    AIP_TEST_DATA_URI: validationCsv,
    AIP_MODEL_DIR: modelFolder,
    AIP_CHECKPOINT_DIR: join(attemptFolder, 'checkpoints'),
    AIP_TENSORBOARD_LOG_DIR: join(attemptFolder, 'tensorboard'),
  }
}
