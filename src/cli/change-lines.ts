import type { DefinitionPending } from '../api/wire/definition.js'
import { wrap, type Terminal } from './terminal.js'

/** Changes of a definition, a line each, and what can still be compared with the champion. */
export function changeLines({ paint, width }: Pick<Terminal, 'paint' | 'width'>, { changes, comparable }: Omit<DefinitionPending, 'since'>): readonly string[] {
  const lines = changes.flatMap(({ text }) => wrapped(text, width).map((line, index) => `  ${index === 0 ? paint.yellow('•') : ' '} ${line}`))
  if (comparable === undefined) return lines
  const colour = comparable.rows === 'all' ? paint.dim : paint.yellow
  return [...lines, ...wrapped(comparable.text, width).map((line) => `    ${colour(line)}`)]
}

function wrapped(text: string, width: number): readonly string[] {
  return wrap(text, Math.max(width - 4, 40))
}
