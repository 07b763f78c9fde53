import type { Moved, PutIntoService } from '../api/wire/model.js'
import type { Terminal } from './terminal.js'

/** Tells which version is champion now. */
export function reportMove(terminal: Terminal, moved: Moved): void {
  if (terminal.json) terminal.document(moved)
  else terminal.line(`${terminal.paint.green('✓')} Version ${moved.version} is champion of ${moved.model}; serving follows within a second.`)
}

/** Tells which version is champion now, or is on its way. */
export function reportIntoService(terminal: Terminal, into: PutIntoService): void {
  if (!('rollout' in into)) reportMove(terminal, into)
  else if (terminal.json) terminal.document(into)
  else {
    const { version, model, champion, steps } = into.rollout
    terminal.line(`${terminal.paint.green('✓')} Version ${version} of ${model} is rolled out beside version ${champion}: ${steps.join(', ')}.`)
    terminal.line(terminal.paint.dim(`  \`refit rollout ${model}\` shows how it goes; \`refit rollout abort ${model} --reason "…"\` ends it.`))
  }
}
