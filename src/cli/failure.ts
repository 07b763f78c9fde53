import { CommanderError } from 'commander'
import { RefitError } from '../errors.js'
import { exitCodes } from './exit-codes.js'
import { wrap, type Terminal } from './terminal.js'

const MOST_FAULTS = 20

/** Tells what went wrong on standard error and returns the exit code. Only a bug shows its stack. */
export function reportFailure(error: unknown, terminal: Pick<Terminal, 'json' | 'paint' | 'note' | 'width'>): number {
  // Commander has told it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  const { paint, note } = terminal
  if (error instanceof RefitError) {
    if (terminal.json) {
      note(JSON.stringify(error.toJSON()))
      return exitCodes.error
    }
    for (const [index, line] of wrap(error.message, terminal.width - 2).entries()) note(index === 0 ? `${paint.red('✗')} ${paint.bold(line)}` : `  ${paint.bold(line)}`)
    for (const fault of error.faults.slice(0, MOST_FAULTS)) note(`  ${paint.yellow(fault.path)}: ${fault.message}`)
    if (error.faults.length > MOST_FAULTS) note(`  … and ${error.faults.length - MOST_FAULTS} more`)
    for (const line of wrap(error.hint, terminal.width - 2)) note(`  ${paint.dim(line)}`)
    return exitCodes.error
  }
  note(`${paint.red('✗')} ${paint.bold('This is a bug in Refit. Please report it with what follows: https://github.com/refit/refit/issues')}`)
  note(error instanceof Error ? (error.stack ?? error.message) : String(error))
  return exitCodes.error
}
