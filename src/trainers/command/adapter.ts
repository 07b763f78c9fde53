import { Value } from 'typebox/value'
import { revealSecrets, revealSecretsIn } from '../../define/secret.js'
import { parameterArguments, Parameters } from '../parameters.js'
import type { Trainer } from '../trainer.js'
import { kind, options } from './definition.js'

/** Runs the user's own program. */
export const commandTrainer: Trainer = {
  kind,
  weighs: true,
  tracks: true,
  interpreter: (given) => {
    const [program = ''] = Value.Parse(options, given).command
    return /(^|\/)python[\d.]*$/.test(program) ? program : undefined
  },
  locked: (given) => {
    const { lockFile, python = 'python3' } = Value.Parse(options, given)
    return lockFile === undefined ? undefined : { lockFile, python }
  },
  candidate: (given) => Value.Parse(options, given).candidate,
  command: (request) => {
    const { command, environment, parameters, asArguments = false } = Value.Parse(options, request.options)
    const [program = '', ...given] = command
    const rest = asArguments ? [...given, ...parameterArguments(Value.Parse(Parameters, revealSecretsIn(parameters)))] : given
    const revealed = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, revealSecrets(value)]))
    return Promise.resolve({ command: program, arguments: rest, environment: revealed, workingFolder: request.projectFolder })
  },
}
