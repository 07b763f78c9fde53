import type { Moved } from '../moving-in/move-in.js'
import { plain } from '../moving-in/plain.js'
import type { Tally } from '../moving-in/tally.js'
import { count, size } from './figures.js'
import type { Terminal } from './terminal.js'

/** Of what was not brought, as many as are shown; all are counted, and --json has them. */
const MOST_LEFT = 20

const names = [
  ['models', 'model', 'models'],
  ['versions', 'version', 'versions'],
  ['aliases', 'alias', 'aliases'],
  ['runs', 'run', 'runs'],
  ['loggedModels', 'logged model', 'logged models'],
  ['files', 'file', 'files'],
] as const

/** What an import has brought, in words and figures. */
export function importLines(terminal: Pick<Terminal, 'paint'>, server: string, { models, tally }: Moved): readonly string[] {
  const { paint } = terminal
  const { brought, present, left, leftCount } = tally
  const parts = words(brought)
  const files = brought.files === 0 ? '' : ` (${size(brought.bytes)})`
  const values = brought.values === 0 ? '' : `; ${count(brought.values)} ${brought.values === 1 ? 'value' : 'values'} of metrics`
  const lines = [`${paint.green('✓')} ${parts === '' ? 'nothing new was brought' : `brought ${parts}${files}${values}`} from ${server}`]
  const known = words(present)
  if (known !== '') lines.push(`  ${paint.dim(`here already: ${known}`)}`)
  for (const { there, here } of models) if (there !== here) lines.push(`  ${plain(there)} is registered here as ${paint.bold(plain(here))}`)
  if (leftCount === 0) return lines
  lines.push(`${paint.yellow('!')} not brought: ${count(leftCount)}`)
  for (const { what, reason } of left.slice(0, MOST_LEFT)) lines.push(`  ${paint.yellow(what)}: ${reason}`)
  if (leftCount > MOST_LEFT) lines.push(`  … and ${count(leftCount - MOST_LEFT)} more; --json tells ${leftCount > left.length ? `the first ${count(left.length)}` : 'all'}`)
  return lines
}

/** The same for programs. */
export function importRecord(server: string, { models, tally }: Moved): object {
  const { brought, present, left, leftCount } = tally
  return { kind: 'imported', server, models: models.map(({ there, here, champion }) => ({ name: there, as: here, ...(champion === undefined ? {} : { champion: { model: champion.model, version: champion.number } }) })), brought, present, left, leftCount }
}

function words(counts: Tally['present']): string {
  return names.flatMap(([what, one, many]) => (counts[what] === 0 ? [] : [`${count(counts[what])} ${counts[what] === 1 ? one : many}`])).join(', ')
}
