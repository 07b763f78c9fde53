import type { Moved } from '../api/wire/model.js'
import type { Terminal } from './terminal.js'

/** Tells which version is champion now. */
export function reportMove(terminal: Terminal, moved: Moved): void {
  if (terminal.json) terminal.document(moved)
  else terminal.line(`${terminal.paint.green('✓')} Version ${moved.version} is champion of ${moved.model}; serving follows within a second.`)
}
