import type { DecisionBody, DropDetail, DropList, DropsDecided, DropSummary, WithdrawalAnswer } from '../api/wire/drop.js'
import { ago, count, size } from './figures.js'
import { dropWord } from './outcome-words.js'
import { cut, table, wrap, type Terminal } from './terminal.js'

type Page = Pick<Terminal, 'paint' | 'width'>

const MOST_WIDTH = 100
const MOST_LINES = 2

/** Drops as a table, each with why it is in its state: below it on a terminal, behind it where nobody watches. */
export function dropTable(page: Page, model: string, { drops, before }: DropList, now: number, filter = ''): readonly string[] {
  if (drops.length === 0) return ['No such drop.']
  const isPiped = !Number.isFinite(page.width)
  const rows = drops.map((drop) => [
    drop.id,
    drop.key,
    dropWord(page.paint, drop.state),
    drop.rows === undefined ? '' : count(drop.rows).padStart(7),
    ago(drop.recordedAt, now),
    drop.inSnapshots === undefined || drop.inSnapshots === 0 ? '' : count(drop.inSnapshots).padStart(5),
    ...(isPiped ? [whyOf(drop) ?? ''] : []),
  ])
  const [head = '', ...lines] = table(page, ['drop', 'name', 'state', '   rows', 'arrived', 'snapshots', ...(isPiped ? ['why'] : [])], rows)
  const told = isPiped ? lines : lines.flatMap((line, index) => [line, ...below(page, drops[index])])
  return [head, ...told, ...(before === undefined ? [] : [page.paint.dim(`Older ones: refit drops ${model}${filter} --before ${before}`)])]
}

function below(page: Page, drop: DropSummary | undefined): readonly string[] {
  const why = drop === undefined ? undefined : whyOf(drop)
  if (why === undefined) return []
  const width = textWidth(page) - 4
  const lines = wrap(why, width)
  const shown = lines.length <= MOST_LINES ? lines : [...lines.slice(0, MOST_LINES - 1), cut(lines.slice(MOST_LINES - 1).join(' '), width)]
  return shown.map((line) => `    ${page.paint.dim(line)}`)
}

/** Why a drop is in its state, in a sentence or two. */
function whyOf({ state, reason, released, decision }: DropSummary): string | undefined {
  if (state === 'ingested' && released === true && decision !== undefined) return `Released by ${decision.actor}: ${decision.reason}`
  return reason
}

/** One drop with its faults, its history, and what can be done about it. */
export function dropReport(page: Page, drop: DropDetail, now: number): readonly string[] {
  const { paint } = page
  const text = (line: string, indent = 2): readonly string[] => wrap(line, textWidth(page) - indent).map((part) => `${' '.repeat(indent)}${part}`)
  const faults = (drop.faults ?? []).flatMap((fault) => [
    ...wrap(fault.message, textWidth(page) - 4).map((line, index) => `  ${index === 0 ? paint.red('✗') : ' '} ${line}`),
    ...(fault.samples ?? []).map((sample) => paint.dim(`      row ${sample.row}: ${JSON.stringify(sample.value)}`)),
    ...(fault.stack?.split('\n') ?? []).map((line) => paint.dim(`      ${line}`)),
  ])
  const why = whyOf(drop)
  return [
    `${dropWord(paint, drop.state)}  ${paint.bold(drop.key)}`,
    ...text(`${drop.id}, ${size(drop.bytes)}, ${ago(drop.recordedAt, now)} from ${drop.source}`).map(paint.dim),
    ...(drop.rows === undefined ? [] : text(`${count(drop.rows)} rows${drop.oldest === undefined ? '' : `, ${drop.oldest} to ${drop.newest ?? ''}`}`)),
    ...(drop.faults !== undefined || why === undefined ? [] : text(why)),
    ...faults,
    ...text(`In ${drop.snapshots.length} ${drop.snapshots.length === 1 ? 'snapshot' : 'snapshots'}${listed(drop.snapshots.map((digest) => digest.slice(0, 12)), ': ')}`),
    '',
    ...drop.history.flatMap(({ at, run, text: told }) => text(`${at.slice(0, 16).replace('T', ' ')}  ${told}${run === undefined ? '' : ` (${run})`}`)),
    ...drop.nextSteps.flatMap((line, index) => [...(index === 0 ? [''] : []), ...text(line)]),
  ]
}

/** What a decision has done, and what a repair did or would do. */
export function decisionReport({ paint }: Page, kind: DecisionBody['kind'], { drops, returned, withdrawal }: DropsDecided): readonly string[] {
  const [first] = drops
  const model = first?.model ?? ''
  return [
    ...drops.map((drop) => `${dropWord(paint, drop.state)}  ${paint.bold(drop.key)}  ${paint.dim(drop.id)}`),
    ...returned.map((drop) => `${dropWord(paint, drop.state)}  ${paint.bold(drop.key)}  ${paint.dim(`${drop.id}, which one of them had superseded`)}`),
    ...(withdrawal === undefined ? [] : withdrawalWords(withdrawal, drops, model)),
    ...(kind === 'withdraw' || !drops.some(({ state }) => state === 'recorded') ? [] : [`  The next run takes ${drops.length === 1 ? 'it' : 'them'}; a model that starts on arrival runs by itself.`]),
  ]
}

function* withdrawalWords({ versions, champion, activeRun, repair }: WithdrawalAnswer, drops: DropsDecided['drops'], model: string): Generator<string> {
  const { isDone, needsRun, rollBackTo, run } = repair
  const what = drops.length === 1 ? 'it' : 'them'
  yield versions.length === 0 ? `  No version was made from ${what}.` : `  ${versions.length === 1 ? 'Version' : 'Versions'} made from ${what}${listed(versions.map(String), ': ')}`
  if (champion === undefined && versions.length > 0) yield '  None of these serves.'
  if (champion !== undefined) {
    const stays = rollBackTo === undefined ? ' There is no version to go back to that saw no withdrawn drop: it serves on until a run replaces it.' : ''
    yield isDone && rollBackTo !== undefined ? `  Version ${rollBackTo} serves in place of ${champion}.` : `  Version ${champion} serves.${stays}`
  }
  if (activeRun !== undefined) yield isDone ? `  Run ${activeRun} is ended.` : `  Run ${activeRun} is under way with ${what}; it will not be promoted, and another follows.`
  if (isDone) {
    yield run === undefined ? '  There is nothing to train again.' : `  Run ${run} trains without ${what}.`
  } else if (needsRun) {
    const would = rollBackTo === undefined ? 'would start a run' : `would put version ${rollBackTo} into service and start a run`
    yield `  \`refit drops withdraw ${drops.map(({ id }) => id).join(' ')} --repair --reason "…"\` ${would}; \`refit run ${model}\` only starts one.`
  }
}

const MOST_LISTED = 8

function listed(all: readonly string[], before: string): string {
  if (all.length === 0) return ''
  return `${before}${all.slice(0, MOST_LISTED).join(', ')}${all.length > MOST_LISTED ? ` and ${all.length - MOST_LISTED} more` : ''}`
}

function textWidth({ width }: Page): number {
  return Math.min(width, MOST_WIDTH)
}
