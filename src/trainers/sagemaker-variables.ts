import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parameterArguments, parameterText, type Parameters } from './parameters.js'
import type { TrainingRequest } from './trainer.js'

/** The one machine that trains, as SageMaker names it. */
const HOST = 'algo-1'
const RESOURCES = { current_host: HOST, hosts: [HOST], network_interface_name: 'lo' }

/**
 * What scripts written for SageMaker's script mode find: the variables of its toolkit, and the configuration that they come
 * from. Its test channel has the validation set: a trainer gets no test rows.
 */
export async function sagemakerVariables({ attemptFolder, trainFolder, validationFolder, modelFolder }: TrainingRequest, parameters: Parameters): Promise<Record<string, string>> {
  const channels = { train: trainFolder, validation: validationFolder, test: validationFolder }
  const texts = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, parameterText(value)]))
  const inputFolder = join(attemptFolder, 'input')
  const configFolder = join(inputFolder, 'config')
  await mkdir(configFolder, { recursive: true })
  const inputs = Object.fromEntries(Object.keys(channels).map((name) => [name, { TrainingInputMode: 'File', S3DistributionType: 'FullyReplicated', RecordWrapperType: 'None' }]))
  for (const [name, content] of [['hyperparameters', texts], ['inputdataconfig', inputs], ['resourceconfig', RESOURCES]] as const) {
    // A parameter may be a secret.
    await writeFile(join(configFolder, `${name}.json`), JSON.stringify(content), { mode: 0o600 })
  }
  const cpus = availableParallelism()
  return {
    SM_CHANNELS: JSON.stringify(Object.keys(channels)),
    ...Object.fromEntries(Object.entries(channels).map(([name, folder]) => [`SM_CHANNEL_${name.toUpperCase()}`, folder])),
    SM_MODEL_DIR: modelFolder,
    SM_OUTPUT_DATA_DIR: attemptFolder,
    SM_INPUT_DIR: inputFolder,
    SM_INPUT_CONFIG_DIR: configFolder,
    SM_HPS: JSON.stringify(parameters),
    ...Object.fromEntries(Object.entries(texts).map(([name, text]) => [`SM_HP_${name.toUpperCase().replaceAll(/\W/g, '_')}`, text])),
    SM_USER_ARGS: JSON.stringify(parameterArguments(parameters)),
    SM_HOSTS: JSON.stringify(RESOURCES.hosts),
    SM_CURRENT_HOST: HOST,
    SM_NUM_CPUS: String(cpus),
    SM_NUM_GPUS: '0',
    SM_RESOURCE_CONFIG: JSON.stringify(RESOURCES),
    SM_TRAINING_ENV: JSON.stringify({ channel_input_dirs: channels, current_host: HOST, hosts: RESOURCES.hosts, hyperparameters: parameters, input_config_dir: configFolder, input_data_config: inputs, input_dir: inputFolder, model_dir: modelFolder, num_cpus: cpus, num_gpus: 0, output_data_dir: attemptFolder, resource_config: RESOURCES }),
  }
}
