import type { Command } from 'commander'
import type { BatchJobAnswer } from '../../api/wire/batch.js'
import { positiveInteger } from '../arguments.js'
import { contextOf, modelOrOnly } from '../context.js'
import { ago, count } from '../figures.js'
import { table } from '../terminal.js'

export function addBatch(program: Command): void {
  const batch = program
    .command('batch [model]')
    .description('batch jobs of a model, the newest first; `batch cancel` ends one')
    .option('--limit <n>', 'how many', positiveInteger, 20)
    .action(async (named: string | undefined, { limit }: { limit: number }, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      const model = await modelOrOnly(api, named)
      const list = await api.batchJobs(model, { limit })
      if (terminal.json) terminal.document(list)
      else if (list.jobs.length === 0) terminal.line(`No batch job of ${model} yet; docs/batch.md shows how one is asked for.`)
      else for (const line of table(terminal, ['job', 'state', 'version', 'asked for', 'file', ''], list.jobs.map((job) => [job.id, job.state, String(job.version), ago(job.createdAt, Date.now()), `${job.input} → ${job.output}`, wordsOf(job)]))) terminal.line(line)
    })

  batch
    .command('cancel <job>')
    .description('end a batch job; what it has finished is thrown away')
    .action(async (id: string, _options, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const job = await (await connect()).cancelBatchJob(id)
      if (terminal.json) terminal.document(job)
      else terminal.line(`${job.id} is being ended.`)
    })
}

/** How far it is, or what became of it. */
function wordsOf({ state, cancelRequested, progress, result, error }: BatchJobAnswer): string {
  if (result !== undefined) return `${count(result.rows)} rows${result.rejected === 0 ? '' : `, ${count(result.rejected)} without a prediction`}`
  if (error !== undefined) return error.message
  if (state === 'running' && cancelRequested) return 'is being ended'
  return state !== 'running' || progress === undefined || progress.of === 0 ? '' : `${count(progress.done)} of ${count(progress.of)} rows`
}
