import type { Command } from 'commander'
import type { Champion } from '../../moving-in/bring-model.js'
import type { Server } from '../../moving-in/exchange.js'
import { plain } from '../../moving-in/plain.js'
import type { Client } from '../client.js'
import { contextOf, type CommandContext } from '../context.js'
import { exitCodes } from '../exit-codes.js'
import { followRequested } from '../follow-run.js'
import { startImportLine } from '../import-progress.js'
import { importLines, importRecord } from '../import-report.js'

interface Options {
  readonly model?: string
  readonly as?: string
  readonly trainedUntil?: string
  readonly adopt: boolean
  readonly wait: boolean
}

export function addImport(program: Command): void {
  const group = program.command('import').description('bring what another server has; `import mlflow` moves in from an MLflow server')
  group
    .command('mlflow <uri>')
    .description('bring registered models with their versions, aliases, runs and files from a running MLflow server; what serves there is checked like any candidate')
    .option('--model <name>', 'only this registered model')
    .option('--as <name>', 'the name that it is to have here, e.g. of a model of the project; with --model')
    .option('--trained-until <time>', 'the newest time of the rows that the champion was trained on')
    .option('--no-adopt', 'bring what there is, and put nothing into service')
    .option('--no-wait', 'only ask for the check of the champion')
    .action(async (uri: string, options: Options, command: Command) => {
      if (options.as !== undefined && options.model === undefined) command.error("error: option '--as <name>' needs '--model <name>'")
      const context = contextOf(command)
      const { sourceAt } = await import('../../moving-in/source-address.js')
      const from = sourceAt(uri, process.env)
      const api = await context.connect()
      const to: Server = { called: `Refit at ${api.url}`, base: api.url, headers: context.authorization }
      process.exitCode = await importMlflow(context, api, { from, to }, options)
    })
}

async function importMlflow({ terminal }: CommandContext, api: Client, { from, to }: { readonly from: Server; readonly to: Server }, options: Options): Promise<number> {
  const { moveIn } = await import('../../moving-in/move-in.js')
  const stopped = new AbortController()
  const interrupt = (): void => stopped.abort()
  process.once('SIGINT', interrupt)
  const line = startImportLine(terminal)
  try {
    const moved = await moveIn({ from, to, model: options.model, as: options.as }, (progress) => line.show(progress), stopped.signal)
    line.end()
    if (terminal.json) terminal.record(importRecord(from.base, moved))
    else for (const words of importLines(terminal, from.base, moved)) terminal.line(words)
    const champions = options.adopt ? moved.models.flatMap(({ champion }) => champion ?? []) : []
    return await putIntoService(terminal, api, to, champions, options, stopped.signal)
  } catch (error) {
    if (!stopped.signal.aborted) throw error
    terminal.note('Interrupted. What was brought stays, and the same command goes on where it was.')
    return exitCodes.interrupted
  } finally {
    line.end()
    process.removeListener('SIGINT', interrupt)
  }
}

/** Has each champion checked that was not asked for before; returns the exit code of the first that did not come into service. */
async function putIntoService(terminal: CommandContext['terminal'], api: Client, refit: Server, champions: readonly Champion[], { trainedUntil, wait }: Options, signal: AbortSignal): Promise<number> {
  if (champions.length === 0) return exitCodes.ok
  const { championArchive } = await import('../../moving-in/champion-archive.js')
  let code: number = exitCodes.ok
  for (const champion of champions) {
    const { model, name, number, by, origin } = champion
    const called = `version ${number} of ${plain(name)}, which served there (${by})`
    const before = await adoptionOf(api, champion)
    if (before !== undefined) {
      if (terminal.json) terminal.record({ kind: 'adopted-before', model, run: before })
      else terminal.line(`${called}, was brought to ${model} before, by run ${before}`)
      continue
    }
    const reading = new AbortController()
    const content = await championArchive(refit, name, number, AbortSignal.any([signal, reading.signal]))
    if (content === undefined) {
      if (terminal.json) terminal.record({ kind: 'not-adopted', model, reason: 'its files were not brought' })
      else terminal.line(`${terminal.paint.yellow('!')} ${called}, is not brought into service for ${model}: its files were not brought. Take them from their store, and bring them by \`refit adopt\`.`)
      continue
    }
    if (!terminal.json) terminal.line(`${called}, is checked for ${model}`)
    const { host } = new URL(origin)
    // Where it is refused, what has not been read need not be.
    const requested = await api.adopt(model, { path: origin, reason: `moved in from ${host} (${by})`, host, trainedUntil }, content).finally(() => reading.abort())
    if (terminal.json && !wait) {
      terminal.record({ kind: 'asked', model, run: requested.run })
      continue
    }
    const ended = await followRequested(api, terminal, requested, wait)
    if (code === exitCodes.ok) code = ended
  }
  return code
}

const PAGE = 200

/** What settles nothing, so that it is worth another run: no data was there yet, say. */
const unsettled: readonly unknown[] = ['failed', 'cancelled', 'inconclusive']

/** The run that an import has asked for before, unless it settled nothing. */
async function adoptionOf(api: Client, { model, origin }: Champion): Promise<string | undefined> {
  let before: string | undefined
  do {
    const page = await api.runs({ model, limit: PAGE, before })
    const found = page.runs.find(({ offer, outcome }) => offer?.kind === 'package' && offer.origin.path === origin && !unsettled.includes(outcome))
    if (found !== undefined) return found.id
    ;({ before } = page)
  } while (before !== undefined)
  return undefined
}
