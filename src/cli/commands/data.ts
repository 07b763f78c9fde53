import { Option, type Command } from 'commander'
import { refitError } from '../../errors.js'
import { positiveInteger } from '../arguments.js'
import type { Client } from '../client.js'
import { contextOf, modelOrOnly } from '../context.js'
import { dataReport, sampleTable } from '../data-report.js'

interface Options {
  readonly snapshot?: string
  readonly run?: string
  readonly sample?: number
}

export function addData(program: Command): void {
  program
    .command('data [model]')
    .description('the data that a model was last trained on: every column in figures, what has moved, some rows')
    .addOption(new Option('--snapshot <digest>', 'another snapshot, by its digest or the beginning of it').conflicts('run'))
    .option('--run <run>', 'the snapshot of a run')
    .option('--sample <n>', 'also some rows, always the same ones of a snapshot', positiveInteger)
    .action(async (named: string | undefined, options: Options, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      const { model, digest } = await snapshotAsked(api, named, options)
      const snapshot = await api.snapshot(model, digest)
      const sample = options.sample === undefined ? undefined : await api.sample(model, snapshot.digest, options.sample)
      if (terminal.json) {
        terminal.document(sample === undefined ? snapshot : { ...snapshot, sample: sample.rows })
        return
      }
      for (const line of dataReport(terminal, model, snapshot, Date.now())) terminal.line(line)
      if (sample !== undefined) for (const line of ['', ...sampleTable(terminal, sample)]) terminal.line(line)
    })
}

async function snapshotAsked(api: Client, named: string | undefined, { snapshot, run }: Options): Promise<{ readonly model: string; readonly digest: string }> {
  if (run === undefined) return { model: await modelOrOnly(api, named), digest: snapshot ?? 'newest' }
  const found = await api.run(run)
  if (found.snapshot === undefined) throw refitError('not-found', { what: `snapshot of run ${run} yet` })
  return { model: found.model, digest: found.snapshot }
}
