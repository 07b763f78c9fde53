import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import type { LoggedPrediction, PredictionDetail } from '../../api/wire/prediction.js'
import { RefitError, refitError } from '../../errors.js'
import { positiveInteger } from '../arguments.js'
import type { Client } from '../client.js'
import { contextOf, modelOrOnly } from '../context.js'
import { count } from '../figures.js'
import { amountWords, answerLines, answerTable, predictionTable } from '../prediction-report.js'

const PAGE = 1000
const MOST_SHOWN = 1000
const ROWS_OF_ANSWER = 20

export function addPredictions(program: Command): void {
  const predictions = program
    .command('predictions [model]')
    .description('logged predictions of a model beside the truth, the newest first; `predictions show` tells what has given an answer')
    .option('--limit <n>', 'how many rows, up to 1,000', positiveInteger, 20)
    .option('--output <file>', 'write all of them with what was asked, one JSON object a line')
    .action(async (named: string | undefined, { limit, output }: { limit: number; output?: string }, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      const model = await modelOrOnly(api, named)
      if (output !== undefined) {
        const file = resolve(output)
        const rows = await writeAll(api, model, file)
        if (terminal.json) terminal.document({ model, file, rows })
        else terminal.line(`${terminal.paint.green('✓')} ${file}  ${count(rows)} rows`)
        return
      }
      const page = await api.loggedPredictions(model, { limit: Math.min(limit, MOST_SHOWN) })
      if (terminal.json) {
        terminal.document(page)
        return
      }
      const log = await api.predictionLog(model)
      if (page.rows.length === 0) terminal.line(`No prediction of ${model} is in the log${log.logged === undefined ? '' : ': what is sampled comes there some ten seconds after it was answered'}. docs/prediction-log.md tells what is logged.`)
      else for (const line of predictionTable(terminal, page.rows, Date.now())) terminal.line(line)
      terminal.note(terminal.paint.dim(amountWords(log)))
    })

  predictions
    .command('show')
    .description('what has given an answer: the version, its verdict and what it was made from; and its rows, where they are logged')
    .argument('<id>', 'id of the answer, from its body or its header refit-prediction-id')
    .action(async (id: string, _options, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      const detail = await api.prediction(id)
      const rows = await rowsOf(api, detail)
      if (terminal.json) terminal.document({ ...detail, ...(rows === undefined ? {} : { loggedRows: rows }) })
      else {
        for (const line of answerLines(detail)) terminal.line(line)
        terminal.line()
        if (!detail.logged) terminal.line('The answer was not sampled for the log.')
        else if (rows === undefined) terminal.line('The answer was sampled for the log; to see its rows takes the role operator.')
        else if (rows.length === 0) terminal.line('The answer was sampled for the log, and its rows are not there: not yet, no more, or lost.')
        else for (const line of answerTable(terminal, rows)) terminal.line(line)
        if (rows !== undefined && rows.length < detail.rows && rows.length > 0) terminal.note(terminal.paint.dim(`the first ${rows.length} of ${count(detail.rows)} rows`))
      }
    })
}

/** The first rows of an answer; undefined for who may not see them. */
async function rowsOf(api: Pick<Client, 'loggedPredictions'>, { id, model, logged }: PredictionDetail): Promise<readonly LoggedPrediction[] | undefined> {
  if (!logged) return []
  try {
    return (await api.loggedPredictions(model, { answer: id, limit: ROWS_OF_ANSWER })).rows
  } catch (error) {
    if (error instanceof RefitError && error.code === 'forbidden') return undefined
    throw error
  }
}

/** Writes every row, the newest first; the file appears whole or not at all. */
async function writeAll(api: Pick<Client, 'loggedPredictions'>, model: string, file: string): Promise<number> {
  const temporary = `${file}.${process.pid}.tmp`
  let written = 0
  async function* lines(): AsyncGenerator<string> {
    let before: string | undefined
    do {
      const page = await api.loggedPredictions(model, { limit: PAGE, before })
      for (const row of page.rows) yield `${JSON.stringify(row)}\n`
      written += page.rows.length
      before = page.before
    } while (before !== undefined)
  }
  try {
    await pipeline(Readable.from(lines()), createWriteStream(temporary))
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    if (error instanceof Error && 'syscall' in error) throw refitError('file-unwritable', { file, reason: error.message }, { cause: error })
    throw error
  }
  return written
}
