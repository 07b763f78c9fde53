import { endProcesses } from '../../processes/end.js'
import { runProcess } from '../../processes/run-process.js'
import { refitError } from '../../errors.js'
import type { Executor } from '../executor.js'

/** Runs tasks as processes of this machine. */
export const localExecutor: Executor = {
  kind: 'local',
  run: async (task, signal) => {
    const end = await runProcess(task, signal)
    if (end.kind === 'not-started') throw refitError('command-not-started', { command: task.command, reason: end.reason })
    return end
  },
  endAll: (prefix) => endProcesses((token) => token.startsWith(prefix)),
}
