import type { Command } from 'commander'
import { positiveInteger } from '../arguments.js'
import { contextOf, modelOrOnly } from '../context.js'
import { ago } from '../figures.js'
import { table } from '../terminal.js'

export function addClients(program: Command): void {
  const clients = program
    .command('clients [model]')
    .description('typed clients that are recorded: later versions are held to them; `clients forget` takes one out')
    .action(async (named: string | undefined, _options, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      const model = await modelOrOnly(api, named)
      const found = await api.recordedClients(model)
      if (terminal.json) terminal.document({ clients: found })
      else if (found.length === 0) terminal.line(`No client of ${model} is recorded; \`refit types ${model}\` writes one.`)
      else {
        const now = Date.now()
        const rows = found.map(({ number, version, lastVersion, actor, lastAt, breaks }) => [String(number), version === lastVersion ? String(version) : `${version}, last ${lastVersion}`, actor, ago(lastAt, now), breaks.length === 0 ? 'goes on' : `broken by the champion: ${breaks.join('; ')}`])
        for (const line of table(terminal, ['client', 'of version', 'written by', 'last', 'with the champion'], rows)) terminal.line(line)
      }
    })

  clients
    .command('forget')
    .description('hold later versions to a client no longer')
    .argument('<model>', 'the model that it asks')
    .argument('<client>', 'its number', positiveInteger)
    .option('--reason <text>', 'why; it is kept in the event log')
    .action(async (model: string, number: number, { reason }: { reason?: string }, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const client = await (await connect()).forgetClient(model, number, reason)
      if (terminal.json) terminal.document(client)
      else terminal.line(`Client ${client.number} of ${model} is forgotten. \`refit run ${model} --force\` tries again a candidate that was rejected for it.`)
    })
}
