import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import type { LoggedPrediction, PredictionDetail } from '../../api/wire/prediction.js'
import { refitError } from '../../errors.js'
import { positiveInteger } from '../arguments.js'
import type { Client } from '../client.js'
import { contextOf, modelOrOnly } from '../context.js'
import { ago, count } from '../figures.js'
import { table } from '../terminal.js'

const PAGE = 1000
const MOST_SHOWN = 1000

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
      if (terminal.json) terminal.document(page)
      else if (page.rows.length === 0) terminal.line(`No prediction of ${model} is in the log: a sample of them comes there, some ten seconds after they were answered. docs/prediction-log.md tells what is logged.`)
      else for (const line of table(terminal, ['answered', 'version', 'row', 'predicted', 'truth'], page.rows.map((row) => cellsOf(row, Date.now())))) terminal.line(line)
    })

  predictions
    .command('show')
    .description('what has given an answer: the version, its verdict and what it was made from')
    .argument('<id>', 'id of the answer, from its body or its header refit-prediction-id')
    .action(async (id: string, _options, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const detail = await (await connect()).prediction(id)
      if (terminal.json) terminal.document(detail)
      else for (const line of linesOf(detail)) terminal.line(line)
    })
}

function cellsOf({ at, version, side, key, prediction, row, predicted, truth }: LoggedPrediction, now: number): readonly string[] {
  return [ago(at, now), side === 'champion' ? String(version) : `${version}, rolled out`, shown(key ?? `${prediction.slice(-12)} ${row}`), shown(predicted), truth === undefined ? '' : shown(truth)]
}

/** Keys and truths are what somebody has sent. */
function shown(value: string | number): string {
  return String(value).replaceAll(/\p{Cc}/gu, '\uFFFD')
}

function linesOf({ model, version, at, rows, side, logged, move }: PredictionDetail): readonly string[] {
  const { headline } = version
  return [
    `Version ${version.number} of ${model}${side === 'challenger' ? ', while it was rolled out' : ''}: ${rows === 1 ? '1 row' : `${count(rows)} rows`}, ${at}.`,
    ...(headline === undefined ? [] : [`Its check: ${headline.text}`]),
    ...(move === undefined ? [] : [`Champion since ${move.at} (${move.cause}, ${move.actor}).`]),
    logged ? 'The answer was sampled for the log.' : 'The answer was not sampled for the log.',
    `\`refit explain ${model}@${version.number}\` tells what it was made from.`,
  ]
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
