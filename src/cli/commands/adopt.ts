import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { refitError } from '../../errors.js'
import { contextOf, modelOrOnly } from '../context.js'
import { size } from '../figures.js'
import { followRequested } from '../follow-run.js'
import { packModel } from '../pack-model.js'

interface Options {
  readonly model?: string
  readonly reason?: string
  readonly trainedOn?: string
  readonly trainedUntil?: string
  readonly wait: boolean
}

export function addAdopt(program: Command): void {
  program
    .command('adopt <path>')
    .description('bring a model that was trained elsewhere, check it like any candidate, and make it champion if it passes')
    .option('--model <name>', 'which model of the project it is for')
    .option('--reason <text>', 'why; it is kept with the version')
    .option('--trained-on <file>', 'the rows that it was trained on, or only their keys or groups: CSV or Parquet')
    .option('--trained-until <time>', 'the newest time of the rows that it was trained on')
    .option('--no-wait', 'only ask for the check')
    .action(async (path: string, options: Options, command: Command) => {
      const { terminal, connect } = contextOf(command)
      if (options.reason === undefined || options.reason.trim() === '') throw refitError('reason-required', { action: 'adopt' })
      const { content, bytes } = await packModel(path, options.trainedOn)
      const api = await connect()
      const model = await modelOrOnly(api, options.model)
      if (!terminal.json) terminal.note(`sending ${size(bytes)}`)
      const origin = { reason: options.reason, path: resolve(path), host: hostname(), trainedUntil: options.trainedUntil }
      process.exitCode = await followRequested(api, terminal, await api.adopt(model, origin, content), options.wait)
    })
}
