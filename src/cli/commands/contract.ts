import type { Command } from 'commander'
import type { ContractDetail } from '../../api/wire/contract.js'
import { contextOf, modelOrOnly } from '../context.js'
import { table } from '../terminal.js'

export function addContract(program: Command): void {
  const contract = program
    .command('contract [model]')
    .description('the columns that a drop must satisfy; `contract accept <drop>` takes the form of a refused one')
    .action(async (named: string | undefined, _options: object, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      const detail = await api.contract(await modelOrOnly(api, named))
      if (terminal.json) {
        terminal.document(detail)
        return
      }
      const rows = detail.columns.map((column) => [column.name, column.role, column.type, termsOf(column), column.origin === 'declared' ? '' : column.origin])
      for (const line of table(terminal, ['column', 'role', 'type', 'terms', ''], rows)) terminal.line(line)
      const { beside } = detail
      if (beside !== undefined) terminal.line(terminal.paint.dim(`Contract ${beside.number}, by ${beside.actor}${beside.drop === undefined ? '' : ` from ${beside.drop}`}${beside.reason === undefined ? '' : `: ${beside.reason}`}`))
    })
  contract
    .command('accept <drop>')
    .description('take the form of a quarantined drop for the contract from now on, and let it in where nothing else is wrong')
    .option('--reason <text>', 'why, for the event log')
    .option('--preview', 'only say what would change')
    .action(async (id: string, options: { reason?: string; preview?: boolean }, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      const accepted = await api.acceptContract(id, { reason: options.reason, preview: options.preview === true })
      if (terminal.json) {
        terminal.document(accepted)
        return
      }
      const isPreview = accepted.number === undefined
      if (accepted.changes.length === 0) terminal.line('No column changes.')
      for (const { column, words } of accepted.changes) terminal.line(`  ${terminal.paint.bold(column)} ${words}`)
      const { remaining } = accepted
      if (remaining.length > 0) terminal.line(isPreview ? 'What is wrong with the drop besides:' : 'It stays in quarantine, for what is wrong with it besides:')
      for (const { message } of remaining) terminal.line(`  ${terminal.paint.red('✗')} ${message}`)
      if (isPreview) terminal.line(`To accept it: refit contract accept ${id} --reason "…"`)
      else terminal.line(`${terminal.paint.green('✓')} Contract ${accepted.number ?? ''} holds from now on${remaining.length === 0 ? `; the next run reads ${id} again.` : '.'}`)
      if (remaining.length > 0) terminal.line(`Accept ${id} once more to change the contract for that too, or release it if the rows are right as they are.`)
    })
}

/** What is asked of a column's values, shortly. */
function termsOf({ optional, min, max, values, minLength, maxLength, pattern, unique }: ContractDetail['columns'][number]): string {
  const span = (low: number | undefined, high: number | undefined, what: string): string[] =>
    low === undefined && high === undefined ? [] : [`${what}${low === undefined ? `up to ${String(high)}` : high === undefined ? `from ${low}` : `${low} to ${high}`}`]
  return [
    ...(optional ? ['optional'] : []),
    ...span(min, max, ''),
    ...span(minLength, maxLength, 'length '),
    ...(pattern === undefined ? [] : [`like ${pattern}`]),
    ...(unique === true ? ['unique'] : []),
    ...(values === undefined ? [] : [`one of ${values.join(', ')}`]),
  ].join(', ')
}
