import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { Option, type Command } from 'commander'
import { refitError } from '../../errors.js'
import { contextOf, modelOrOnly, type CommandContext } from '../context.js'
import { size } from '../figures.js'
import { followRequested } from '../follow-run.js'
import { packModel } from '../pack-model.js'
import { findVersion } from '../version-elsewhere.js'

interface Options {
  readonly model?: string
  readonly reason?: string
  readonly from?: string
  readonly trainedOn?: string
  readonly trainedUntil?: string
  readonly wait: boolean
}

/** What is sent: where it comes from, as it is kept with the version, and its bytes. */
interface Brought {
  readonly model: string | undefined
  readonly origin: { readonly path: string; readonly host: string; readonly environment?: string | undefined; readonly trainedUntil?: string | undefined }
  readonly content: Readable
  /** What is told while it is sent. */
  readonly note: string
}

export function addAdopt(program: Command): void {
  program
    .command('adopt <path>')
    .description('bring a model that was trained elsewhere, check it like any candidate, and make it champion if it passes')
    .option('--model <name>', 'which model of the project it is for')
    .option('--reason <text>', 'why; it is kept with the version')
    .addOption(new Option('--from <environment>', 'take <model>@<version> of another environment of the project (`none`: of none), or of the server at a URL').conflicts(['trainedOn', 'trainedUntil']))
    .option('--trained-on <file>', 'the rows that it was trained on, or only their keys or groups: CSV or Parquet')
    .option('--trained-until <time>', 'the newest time of the rows that it was trained on')
    .option('--no-wait', 'only ask for the check')
    .action(async (path: string, options: Options, command: Command) => {
      const context = contextOf(command)
      const { terminal, connect } = context
      const { reason } = options
      if (reason === undefined || reason.trim() === '') throw refitError('reason-required', { action: 'adopt' })
      const brought = options.from === undefined ? await ofThisMachine(path, options) : await ofAnotherPlace(context, path, options.from)
      const api = await connect()
      const model = await modelOrOnly(api, options.model ?? brought.model)
      if (!terminal.json) terminal.note(brought.note)
      process.exitCode = await followRequested(api, terminal, await api.adopt(model, { reason, ...brought.origin }, brought.content), options.wait)
    })
}

async function ofThisMachine(path: string, { trainedOn, trainedUntil }: Options): Promise<Brought> {
  const { content, bytes } = await packModel(path, trainedOn)
  return { model: undefined, origin: { path: resolve(path), host: hostname(), trainedUntil }, content, note: `sending ${size(bytes)}` }
}

async function ofAnotherPlace(context: CommandContext, text: string, from: string): Promise<Brought> {
  const source = await context.connectTo(from)
  const { model, number } = await findVersion(source, text)
  const { environment } = await source.project()
  const origin = { path: `${model}@${number}`, host: from.includes('://') ? new URL(from).host : hostname(), environment }
  return { model, origin, content: Readable.from(await source.package(model, number)), note: `taking version ${number} of ${model} from ${environment ?? from}` }
}
