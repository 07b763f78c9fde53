import type { SnapshotDetail, SnapshotSample } from '../api/wire/snapshot.js'
import { ago, count } from './figures.js'
import { cut, table, wrap, type Terminal } from './terminal.js'

type Page = Pick<Terminal, 'paint' | 'width'>
type ColumnProfile = NonNullable<SnapshotDetail['profile']>['columns'][string]

const MOST_WIDTH = 120
const MOST_DROPS = 5
const TOP_CATEGORIES = 3
const LONGEST_CATEGORY = 16
const LONGEST_CELL = 24
const BLOCKS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/** A snapshot on one screen: where its rows come from, what each column looks like, what has moved. */
export function dataReport(page: Page, model: string, snapshot: SnapshotDetail, now: number): readonly string[] {
  const { paint } = page
  const { profile } = snapshot
  const range = snapshot.oldest === undefined ? '' : `, ${snapshot.oldest.slice(0, 10)} to ${(snapshot.newest ?? '').slice(0, 10)}`
  return [
    `${paint.bold(model)}  snapshot ${snapshot.digest.slice(0, 12)}  ${paint.dim(`made ${ago(snapshot.createdAt, now)}`)}`,
    `  ${count(snapshot.rows)} rows of ${snapshot.drops} ${snapshot.drops === 1 ? 'drop' : 'drops'}${range}; window: ${windowWords(snapshot.window)}`,
    ...dropLines(page, snapshot),
    '',
    ...(profile === undefined ? ['  No run has cut it into sets yet, so there is no profile.'] : profileLines(page, profile)),
    ...movedLines(page, snapshot),
  ]
}

function windowWords(window: SnapshotDetail['window']): string {
  switch (window.kind) {
    case 'all':
      return 'all of them'
    case 'rows':
      return `the newest ${count(window.rows)}`
    case 'duration':
      return `the newest ${count(Math.round(window.milliseconds / 8_640_000) / 10)} days`
  }
}

function dropLines({ paint }: Page, { parts }: SnapshotDetail): readonly string[] {
  const newest = parts.slice(-MOST_DROPS)
  const more = parts.length - newest.length
  const lines = newest.map(({ drop, key, rows }) => `${key} ${paint.dim(`${drop}, ${count(rows)} rows`)}`)
  return [...(more > 0 ? [paint.dim(`… ${count(more)} before`)] : []), ...lines].map((line) => `    ${line}`)
}

function profileLines(page: Page, { rows, sampledRows, columns, drift }: NonNullable<SnapshotDetail['profile']>): readonly string[] {
  const watched = Number.isFinite(page.width)
  const width = Math.min(page.width, MOST_WIDTH)
  const cells = Object.entries(columns).map(([name, column]) => [
    name,
    column.role === 'feature' ? column.type : column.role,
    column.missing === 0 ? '' : percent(column.missing / rows).padStart(7),
    valueWords(column),
    ...(watched ? [sparkline(column)] : []),
    movedSign(page, drift?.columns[name]?.psi),
  ])
  const head = ['column', 'type', 'missing', 'values', ...(watched ? ['histogram'] : []), drift === undefined ? '' : 'moved']
  const sampled = sampledRows < rows ? [page.paint.dim(`Quantiles, categories and histograms are of ${count(sampledRows)} of the ${count(rows)} rows.`)] : []
  return [...table({ paint: page.paint, width: width - 2 }, head, cells), ...sampled].map((line) => `  ${line}`)
}

/** Median and the middle half, range of a time, most frequent categories, or how many values there are. */
function valueWords({ numbers, times, categories, distinct }: ColumnProfile): string {
  if (numbers !== undefined) {
    const { p25, p50, p75 } = numbers.quantiles
    return `${figure(p50)} (${figure(p25)} to ${figure(p75)}), at most ${figure(numbers.max)}`
  }
  if (times !== undefined) return `${times.oldest.slice(0, 10)} to ${times.newest.slice(0, 10)}`
  if (categories === undefined || categories.values.length === 0) return distinct === 0 ? 'none' : `${count(distinct)} values`
  const total = categories.values.reduce((sum, { rows }) => sum + rows, categories.otherRows)
  const top = categories.values.slice(0, TOP_CATEGORIES).map(({ value, rows }) => `${cut(value, LONGEST_CATEGORY)} ${percent(rows / total)}`)
  const rest = distinct - top.length
  return `${top.join(', ')}${rest > 0 ? `, ${count(rest)} more` : ''}`
}

function sparkline({ numbers, times, categories }: ColumnProfile): string {
  const counts = (numbers ?? times)?.histogram.counts ?? categories?.values.slice(0, 20).map(({ rows }) => rows) ?? []
  const most = Math.max(...counts)
  return counts.map((rows) => BLOCKS[rows === 0 ? 0 : Math.max(1, Math.round((rows / most) * (BLOCKS.length - 1)))]).join('')
}

function movedSign({ paint }: Page, index: number | undefined): string {
  if (index === undefined) return ''
  const text = index.toFixed(2)
  return index >= 0.25 ? paint.red(`${text} ‼`) : index >= 0.1 ? paint.yellow(`${text} !`) : text
}

function movedLines(page: Page, { moved, profile }: SnapshotDetail): readonly string[] {
  if (profile?.drift === undefined) return []
  const since = `since snapshot ${profile.drift.since.slice(0, 12)}`
  if (moved.length === 0) return ['', `  No column has moved ${since}.`]
  const width = Math.min(page.width, MOST_WIDTH)
  return ['', `  Moved ${since}:`, ...moved.flatMap(({ text, moved: how }) => wrap(text, width - 6).map((line, index) => `  ${index > 0 ? ' ' : how === 'much' ? page.paint.red('‼') : page.paint.yellow('!')} ${line}`))]
}

/** Rows as a table: one a line, whole columns only. */
export function sampleTable(page: Page, { rows }: SnapshotSample): readonly string[] {
  const columns = Object.keys(rows[0]?.values ?? {})
  if (columns.length === 0) return ['  No row lies in the window.']
  const cells = rows.map(({ drop, values }) => [...columns.map((column) => (values[column] === null ? '' : cut(String(values[column]), LONGEST_CELL))), drop])
  return table({ paint: page.paint, width: page.width - 2 }, [...columns, 'drop'], cells).map((line) => `  ${line}`)
}

function figure(value: number): string {
  if (value !== 0 && (Math.abs(value) < 0.001 || Math.abs(value) >= 1e12)) return value.toExponential(2)
  return Math.abs(value) >= 1000 ? value.toLocaleString('en-US', { maximumFractionDigits: 0 }) : String(Number(value.toPrecision(5)))
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
