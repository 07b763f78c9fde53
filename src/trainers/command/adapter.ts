import { Value } from 'typebox/value'
import { revealSecrets } from '../../define/secret.js'
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
  candidate: (given) => Value.Parse(options, given).candidate,
  command: (request) => {
    const { command, environment } = Value.Parse(options, request.options)
    const [program = '', ...rest] = command
    const revealed = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, revealSecrets(value)]))
    return Promise.resolve({ command: program, arguments: rest, environment: revealed, workingFolder: request.projectFolder })
  },
}
