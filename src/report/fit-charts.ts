import type { Fit, FitBin } from '../evaluation/fit.js'
import type { Verdict } from '../evaluation/verdict.js'
import { number, percent } from '../evaluation/wording.js'
import { chart, path, type At } from './chart.js'
import { legend, models } from './legend.js'
import { markup, nothing, type Markup, type Part } from './markup.js'
import { scaleOf } from './scale.js'
import { point } from './strip.js'

/** How the predictions lie beside the truth: errors of a regression, probabilities of a classification. */
export function fitCharts({ fit, champion }: Verdict): Markup {
  if (fit === undefined) return nothing
  const version = fit.champion === undefined ? undefined : champion?.version
  const [title, charts] = fit.kind === 'residuals' ? ['Residuals', residuals(fit, version)] : ['Calibration', calibration(fit, version)]
  return markup`<section><h2>${title}</h2>${legend(models(version))}${charts}</section>`
}

function residuals({ edges, candidate, champion }: Extract<Fit, { kind: 'residuals' }>, version: number | undefined): Part {
  const tallest = Math.max(1, ...candidate.errors, ...(champion?.errors ?? []))
  const [first = 0, second = 1] = edges
  const last = edges.at(-1) ?? 1
  const width = second - first
  const middleOf = (bin: number): number => first + (bin + 0.5) * width
  const description = `Rows by error of the candidate, from ${number(first)} to ${number(last)}: ${candidate.errors.join(', ')}.${champion === undefined ? '' : ` Of version ${version ?? '?'}: ${champion.errors.join(', ')}.`}`
  const histogram = chart({ title: 'Rows by error, prediction less truth; what lies farther out is in the outermost bins', description, x: { from: first, to: last }, y: { from: 0, to: tallest * 1.05 }, xLabel: 'error' }, (at) => [
    ...candidate.errors.map((rows, bin) => markup`<rect class="candidate" x="${at.x(first + bin * width)}" width="${at.width(width)}" y="${at.y(rows)}" height="${Math.max(0, at.ground - at.y(rows)).toFixed(1)}"/>`),
    path(at, 'champion', (champion?.errors ?? []).map((rows, bin) => [middleOf(bin), rows] as const)),
    markup`<line class="zero" x1="${at.x(0)}" x2="${at.x(0)}" y1="0" y2="${at.ground}"/>`,
  ])
  const tenths = diagonal('Mean of the true values by tenths of the predictions; on the thin line they agree', candidate.tenths, champion?.tenths, { label: 'predicted', words: number })
  return [histogram, tenths, binsTable('Tenths of the predictions', candidate.tenths, champion?.tenths, version, number)]
}

function calibration({ candidate, champion, classes }: Extract<Fit, { kind: 'calibration' }>, version: number | undefined): Part {
  const what = classes === 2 ? 'the second class' : 'a class, all of them together'
  return [
    diagonal(`Share of rows that are of ${what}, by the probability that was predicted; on the thin line they agree`, candidate, champion, { label: 'predicted probability', words: percent, unit: true }),
    binsTable('Bins of the predicted probability', candidate, champion, version, percent),
  ]
}

interface Axis {
  readonly label: string
  readonly words: (value: number) => string
  /** From 0 to 1. */
  readonly unit?: boolean
}

function diagonal(title: string, candidate: readonly FitBin[], champion: readonly FitBin[] | undefined, { label, words, unit = false }: Axis): Markup {
  const scale = unit ? { from: 0, to: 1 } : scaleOf([...candidate, ...(champion ?? [])].flatMap(({ predicted, actual }) => [predicted, actual]))
  const description = `Candidate, predicted and true: ${candidate.map(({ predicted, actual }) => `${words(predicted)} and ${words(actual)}`).join('; ')}.`
  return chart({ title, description, x: scale, y: scale, xLabel: label, xWords: words, yWords: words }, (at) => [
    markup`<line class="zero" x1="${at.x(scale.from)}" y1="${at.y(scale.from)}" x2="${at.x(scale.to)}" y2="${at.y(scale.to)}"/>`,
    ...(champion === undefined ? [] : [line(at, 'champion', champion)]),
    line(at, 'candidate', candidate),
  ])
}

function line(at: At, of: 'candidate' | 'champion', bins: readonly FitBin[]): Part {
  return [path(at, of, bins.map(({ predicted, actual }) => [predicted, actual] as const)), bins.map(({ predicted, actual }) => point(of, at.x(predicted), at.y(actual)))]
}

function binsTable(title: string, candidate: readonly FitBin[], champion: readonly FitBin[] | undefined, version: number | undefined, words: (value: number) => string): Markup {
  const tables = [{ name: 'candidate', bins: candidate }, ...(champion === undefined ? [] : [{ name: `version ${version ?? '?'}`, bins: champion }])]
  return markup`<details><summary>${title}, in figures</summary>${tables.map(
    ({ name, bins }) =>
      markup`<table><caption>${name}</caption><thead><tr><th class="n" scope="col">rows</th><th class="n" scope="col">predicted</th><th class="n" scope="col">true</th></tr></thead><tbody>${bins.map(
        ({ rows, predicted, actual }) => markup`<tr><td class="n">${rows.toLocaleString('en-US')}</td><td class="n">${words(predicted)}</td><td class="n">${words(actual)}</td></tr>`,
      )}</tbody></table>`,
  )}</details>`
}
