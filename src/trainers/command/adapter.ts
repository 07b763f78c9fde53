import { Value } from 'typebox/value'
import type { Trainer } from '../trainer.js'
import { kind, options } from './definition.js'

/** Runs the user's own program. */
export const commandTrainer: Trainer = {
  kind,
  command: (request) => {
    const { command, environment } = Value.Parse(options, request.options)
    const [program = '', ...rest] = command
    return Promise.resolve({ command: program, arguments: rest, environment, workingFolder: request.projectFolder })
  },
}
