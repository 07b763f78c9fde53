import type { LoggedPrediction, PredictionDetail, PredictionLogDetail } from '../api/wire/prediction.js'
import { ago, count, size } from './figures.js'
import { table, type Terminal } from './terminal.js'

/** Logged rows as a table, with what the truth says of them. */
export function predictionTable(terminal: Pick<Terminal, 'width' | 'paint'>, rows: readonly LoggedPrediction[], now: number): readonly string[] {
  const isNumbered = rows.some(({ row }) => row > 0)
  const lines = table(
    terminal,
    ['answered', 'version', 'row', 'key', 'predicted', 'truth', 'answer'],
    rows.map(({ at, version, side, key, prediction, row, predicted, truth }) => [ago(at, now), versionCell(version, side), isNumbered ? String(row) : '', shown(key ?? ''), shown(predicted), shown(truth ?? ''), prediction]),
  )
  const words = truthWords(rows)
  return words === undefined ? lines : [...lines, terminal.paint.dim(words)]
}

/** The rows of one answer as a table, with what was asked. */
export function answerTable(terminal: Pick<Terminal, 'width' | 'paint'>, rows: readonly LoggedPrediction[]): readonly string[] {
  return table(
    terminal,
    ['row', 'key', 'predicted', 'truth', 'asked'],
    rows.map(({ row, key, predicted, truth, values }) => [String(row), shown(key ?? ''), shown(predicted), shown(truth ?? ''), JSON.stringify(values)]),
  )
}

/** What has given an answer, in words. */
export function answerLines({ model, version, at, rows, side, move }: PredictionDetail): readonly string[] {
  const { headline } = version
  return [
    `Version ${version.number} of ${model}${side === 'challenger' ? ', which was being rolled out,' : ''} answered ${rows === 1 ? '1 row' : `${count(rows)} rows`} at ${at}.`,
    ...(headline === undefined ? [] : [`Its check: ${headline.text}.`]),
    ...(move === undefined ? [] : [`It had been champion since ${move.at} (${move.cause}, ${move.actor}).`]),
    `\`refit explain ${model}@${version.number}\` tells what it was made from.`,
  ]
}

/** How much is logged and kept, in one line. */
export function amountWords({ logged, kept }: PredictionLogDetail): string {
  const log = logged === undefined ? 'nothing is logged' : `${Math.round(logged.share * 1000) / 10} % of the answers are logged`
  return `${log}; ${count(kept.rows)} rows are kept${kept.from === undefined ? '' : ` since ${kept.from.slice(0, 10)}`}, ${size(kept.bytes)}`
}

/** How good predictions were whose truth is known; undefined where none is. */
export function truthWords(rows: readonly Pick<LoggedPrediction, 'predicted' | 'truth'>[]): string | undefined {
  const known = rows.filter(({ truth }) => truth !== undefined)
  if (known.length === 0) return undefined
  const errors = known.flatMap(({ predicted, truth }) => (typeof predicted === 'number' && typeof truth === 'number' ? [Math.abs(predicted - truth)] : []))
  const of = `truth of ${count(known.length)} of these ${count(rows.length)}`
  if (errors.length === known.length) return `${of}: mean absolute error ${plain(errors.reduce((sum, error) => sum + error, 0) / errors.length)}`
  return `${of}: ${count(known.filter(({ predicted, truth }) => String(predicted) === String(truth)).length)} right`
}

function versionCell(version: number, side: LoggedPrediction['side']): string {
  return side === 'champion' ? String(version) : `${version}, rolled out`
}

function plain(value: number): string {
  return Number(value.toPrecision(5)).toLocaleString('en-US', { maximumFractionDigits: 20 })
}

/** Keys and truths are what somebody has sent. */
function shown(value: string | number): string {
  return String(value).replaceAll(/\p{Cc}/gu, '\uFFFD')
}
