import type { RunDetail } from '../api/wire/run.js'
import { ago, count, duration } from './figures.js'
import { answerSign, causeWords, originWords, outcomeWord, trainedOnWords } from './outcome-words.js'
import { cut, table, wrap, type Terminal } from './terminal.js'

const LABEL_WIDTH = 8
const MOST_DROPS = 4
const MOST_MOVED = 3
const MOST_LOGGED = 6
const MOST_WIDTH = 100

export type Page = Pick<Terminal, 'paint' | 'width'>

/** One run on one screen: how it ended and why, what it saw, the rules with their figures, what to do next. */
export function runReport(terminal: Page, run: RunDetail, now: number): readonly string[] {
  const { paint } = terminal
  return [
    `${outcomeWord(paint, run)}  ${paint.bold(run.id)}  ${paint.dim(when(run, now))}`,
    ...explanation(terminal, run),
    '',
    ...labelled(terminal, 'Cause', [causeWords(run)]),
    ...labelled(terminal, 'Offer', offerLines(run)),
    ...labelled(terminal, 'Drops', dropLines(run)),
    ...labelled(terminal, 'Stages', stageLines(run)),
    ...labelled(terminal, 'Data', dataLines(run)),
    ...labelled(terminal, 'MLflow', loggedLines(run)),
    ...labelled(terminal, 'Test', testLines(run)),
    ...labelled(terminal, 'Package', packageLines(run)),
    ...ruleLines(terminal, run),
    ...failureLines(terminal, run),
    '',
    ...labelled(terminal, 'Next', run.nextSteps),
  ]
}

/** The verdict in words, as `refit run` ends with it. */
export function verdictWords(terminal: Page, run: RunDetail): readonly string[] {
  return [`${outcomeWord(terminal.paint, run)}  ${terminal.paint.bold(run.id)}`, ...explanation(terminal, run), ...quarantineLines(terminal, run), ...ruleLines(terminal, run), ...failureLines(terminal, run)]
}

function when(run: RunDetail, now: number): string {
  if (run.startedAt === undefined) return `asked for ${ago(run.createdAt, now)}`
  const end = run.endedAt === undefined ? now : Date.parse(run.endedAt)
  return `${ago(run.startedAt, now)}, ${run.endedAt === undefined ? 'for' : 'took'} ${duration(end - Date.parse(run.startedAt))}`
}

function explanation(terminal: Page, run: RunDetail): readonly string[] {
  return run.explanation === undefined ? [] : wrap(run.explanation, textWidth(terminal) - 2).map((line) => `  ${line}`)
}

/** Lines behind a label; nothing without lines. */
export function labelled(terminal: Page, label: string, lines: readonly string[]): readonly string[] {
  return lines
    .flatMap((line) => wrap(line, textWidth(terminal) - LABEL_WIDTH - 2))
    .map((line, index) => `  ${terminal.paint.dim((index === 0 ? label : '').padEnd(LABEL_WIDTH))}${line}`)
}

/** The candidate that was given to the run, and where it comes from. */
function offerLines({ offer }: RunDetail): readonly string[] {
  switch (offer?.kind) {
    case undefined:
      return []
    case 'version':
      return [`version ${offer.version}`]
    case 'package':
      return [originWords(offer.origin), `trained on: ${trainedOnWords(offer.origin)}`, ...(offer.origin.mlflowRun === undefined ? [] : [`MLflow run ${offer.origin.mlflowRun}`])]
  }
}

function dropLines(run: RunDetail): readonly string[] {
  // What was refused comes first: it must not be among those that are only counted.
  const drops = run.drops.toSorted((a, b) => Number(b.state === 'quarantined') - Number(a.state === 'quarantined'))
  const lines = drops.map(({ key, state, rows, reason }) => {
    const size = rows === undefined ? '' : ` ${count(rows)} rows`
    return `${key} ${state}${size}${reason === undefined ? '' : `: ${cut(reason, 120)}`}`
  })
  return lines.length <= MOST_DROPS ? lines : [...lines.slice(0, MOST_DROPS - 1), `and ${lines.length - MOST_DROPS + 1} more: \`refit drops ${run.model}\``]
}

/** Drops that the run refused, with the first of their faults: what someone would otherwise not look for after a promotion. */
function quarantineLines(terminal: Page, run: RunDetail): readonly string[] {
  const { paint } = terminal
  const refused = run.drops.filter(({ state }) => state === 'quarantined')
  const lines = refused.slice(0, MOST_DROPS).map(({ key, reason }) => `  ${paint.red('✗')} ${cut(`${key} quarantined${reason === undefined ? '' : `: ${reason}`}`, textWidth(terminal) - 4)}`)
  return refused.length <= MOST_DROPS ? lines : [...lines, `    and ${refused.length - MOST_DROPS} more: \`refit drops ${run.model} --state quarantined\``]
}

function stageLines(run: RunDetail): readonly string[] {
  const done = run.stages.map((stage) => `${stage.name} ${duration(Date.parse(stage.finishedAt) - Date.parse(stage.startedAt))}`)
  const running = run.attempts.filter((attempt) => attempt.state === 'running').map((attempt) => `${attempt.stage} …`)
  const line = [...done, ...running].join(' · ')
  const sets = run.stages.find((stage) => stage.name === 'split')?.summary
  return [line, sets ?? ''].filter((text) => text !== '')
}

/** Where an auditor finds it for good: told where the object store keeps versions. */
function packageLines({ package: packaged }: RunDetail): readonly string[] {
  return packaged?.objectVersion === undefined ? [] : [`${packaged.object} version ${packaged.objectVersion}`]
}

function dataLines({ data, model, snapshot = '', warnings }: RunDetail): readonly string[] {
  if (data === undefined) return warnings
  const [rest, shown] = [data.moved.length - MOST_MOVED, data.moved.slice(0, MOST_MOVED)]
  const more = rest > 0 ? [`and ${rest} more: \`refit data ${model} --snapshot ${snapshot.slice(0, 12)}\``] : []
  return [`${count(data.rows)} rows in the window`, ...warnings, ...shown.map(({ text }) => `moved: ${text}`), ...more]
}

/** What trainings have logged: the latest metrics, a few parameters, and where the rest is. */
function loggedLines({ logged }: RunDetail): readonly string[] {
  return logged.flatMap(({ stage, run, experiment, status, params, metrics, more, models }) => {
    const rest = more + Math.max(0, params.length - MOST_LOGGED) + Math.max(0, metrics.length - MOST_LOGGED)
    const values = metrics.slice(0, MOST_LOGGED).map(({ key, value }) => `${key} ${typeof value === 'number' ? Number(value.toPrecision(4)) : value}`)
    const chosen = params.slice(0, MOST_LOGGED).map(({ key, value }) => `${key}=${cut(value, 40)}`)
    const made = models === 0 ? '' : `, ${models} ${models === 1 ? 'model' : 'models'}`
    return [`run ${run} of experiment ${experiment}${stage === 'train' ? '' : ` (${stage})`}: ${status.toLowerCase()}${made}`, values.join(' · '), chosen.join(' · '), rest === 0 ? '' : `and ${rest} more parameters and metrics`].filter((line) => line !== '')
  })
}

function testLines(run: RunDetail): readonly string[] {
  const { verdict, holdout } = run
  if (verdict === undefined || verdict.test.rows === 0) return []
  const belowStandard = verdict.belowStandard ? [`The champion itself falls short of the thresholds on these rows. ${(verdict.shortfalls ?? []).join(' ')}`.trim()] : []
  // What the first paragraph has said need not be said again.
  const warnings = verdict.warnings.filter((warning) => !(run.explanation ?? '').includes(warning))
  return [testedOn(verdict.test), ...warnings, ...belowStandard, ...(holdout === undefined ? [] : [holdout])]
}

/** How much a verdict was based on, in figures. */
export function testedOn({ rows, units, unit, ineligibleRows }: NonNullable<RunDetail['verdict']>['test']): string {
  // Where rows are the units, only repeated ones make a difference.
  const inUnits = unit !== 'row' ? ` in ${count(units)} ${unit}${units === 1 ? '' : 's'}` : units === rows ? '' : ` in ${count(units)} units`
  return `${count(rows)} rows${inUnits}${ineligibleRows === 0 ? '' : `, ${count(ineligibleRows)} left out as seen before`}`
}

/** The rules with their figures; of those that do not pass, what `told` has not said yet. */
export function ruleLines(terminal: Page, { rules, explanation: told = '' }: Pick<RunDetail, 'rules' | 'explanation'>): readonly string[] {
  if (rules.length === 0) return []
  const { paint } = terminal
  const width = textWidth(terminal)
  const rows = rules.map((rule) => [
    `${answerSign(paint, rule.answer)} ${cut(rule.label, width - 30)}`,
    (rule.candidate ?? '').padStart(9),
    (rule.champion ?? '').padStart(8),
  ])
  const [head = '', ...lines] = table({ paint, width: width - 2 }, ['  rule', 'candidate', 'champion'], rows)
  const explained = lines.flatMap((line, index) => {
    const rule = rules[index]
    // What the first paragraph has said need not be said again.
    return rule === undefined || rule.answer === 'passed' || told.includes(rule.explanation) ? [line] : [line, ...wrap(rule.explanation, width - 6).map((text) => `    ${paint.dim(text)}`)]
  })
  return ['', ...[head, ...explained].map((line) => `  ${line}`)]
}

function failureLines(terminal: Page, { error }: RunDetail): readonly string[] {
  if (error === undefined) return []
  const { paint } = terminal
  const faults = (error.faults ?? []).map((fault) => `    ${paint.yellow(fault.path)}: ${fault.message}`)
  const hint = error.hint === undefined ? [] : wrap(error.hint, textWidth(terminal) - 4).map((line) => `    ${paint.dim(line)}`)
  return ['', ...wrap(error.message, textWidth(terminal) - 4).map((line) => `  ${paint.red('!')} ${line}`), ...faults, ...hint]
}

/** How wide sentences run. */
export function textWidth({ width }: Page): number {
  return Math.min(width, MOST_WIDTH)
}
