import assert from 'node:assert/strict'
import { test } from 'node:test'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { judge } from '../../src/evaluation/judge.js'
import type { Verdict } from '../../src/evaluation/verdict.js'
import { reportPage, type ReportedRun } from '../../src/report/page.js'
import { classificationCase, coded, regressionCase } from '../evaluation/cases.js'

const HOSTILE = '"><script>alert(1)</script>&amp;\u202e\u0000'

function pageOf(verdict: Verdict, changes: Partial<ReportedRun> = {}): string {
  const history = [1, 2, 3].map((number) => ({ run: `price-${number}`, number, outcome: 'promoted', metric: verdict.primaryMetric, candidate: 100 - number, champion: number === 1 ? undefined : 100 }))
  return reportPage({ id: 'price-3', model: 'price', outcome: 'rejected', explanation: verdict.summary, endedAt: '2026-05-01T10:00:00.000Z', verdict, history, ...changes })
}

/** Well-formed as XML, of known elements only; returns the text of every element, by name. */
function partsOf(page: string): (name: string) => number {
  const text = page.replace('<!doctype html>', '')
  assert.equal(XMLValidator.validate(text), true)
  new XMLParser({ ignoreAttributes: false }).parse(text)
  assert.doesNotMatch(text, /<script|\son\w+=|javascript:|<(img|link|iframe|object)|(src|href)=|url\(/i)
  return (name) => text.split(`<${name}`).length - 1
}

/** Each row belongs to one of so many districts. */
function sliced(districts: number, name: (district: number) => string): Parameters<typeof regressionCase>[1] {
  return {
    rules: [
      { kind: 'threshold', metric: 'mae', bound: 'atMost', value: 120 },
      { kind: 'champion', metric: 'mae', comparison: 'notWorse', margin: { relative: 0.03 } },
      { kind: 'threshold', metric: 'mae', bound: 'atMost', value: 110, slice: { column: 'district', minimumRows: 5 } },
    ],
    slices: { district: coded(Array.from({ length: 70 * 40 }, (_, row) => name(row % districts))) },
  }
}

test('a regression is drawn whole: rules, margins, thresholds, metrics, 70 values, residuals, history', () => {
  const verdict = judge(regressionCase({ units: 70, rowsPerUnit: 40, harm: () => 0.05 }, sliced(70, (district) => `d${district}`)))
  const page = pageOf(verdict)
  const count = partsOf(page)
  for (const heading of ['Rules', 'Differences against their margins', 'Thresholds', 'Every metric', 'Values of a column', 'Residuals', 'Verdicts before']) assert.ok(page.includes(`<h2>${heading}</h2>`), heading)
  assert.ok(page.split('class="strip"').length - 1 >= 70 + 7 + 2)
  assert.equal(count('title>') , page.split('role="img"').length, 'every picture has a title, and the page')
  assert.ok(page.includes(verdict.rules.find(({ rule }) => rule.kind === 'champion')?.explanation.slice(0, 40) ?? '?'))
  assert.ok(page.length < 200_000, `${page.length}`)
})

test('a classification is drawn with its calibration, also without a champion', () => {
  const page = pageOf(judge(classificationCase(600, 3)))
  partsOf(page)
  assert.ok(page.includes('<h2>Calibration</h2>'))
  assert.ok(!page.includes('version '), 'nothing speaks of a champion')
})

test('names of the data are shown as text, and thousands of them stay a page', () => {
  const verdict = judge(regressionCase({ units: 70, rowsPerUnit: 40 }, sliced(550, (district) => `${HOSTILE}${district}${'x'.repeat(500)}`)))
  const page = pageOf(verdict, { explanation: HOSTILE, model: HOSTILE })
  partsOf(page)
  assert.ok(page.includes('&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;'))
  for (const unfit of ['\u202e', '\u0000']) assert.ok(!page.includes(unfit))
  assert.match(page, /350 more are not drawn/)
  assert.ok(page.length < 700_000, `${page.length}`)
})

test('what is undefined or missing is left out and said', () => {
  const verdict = judge(regressionCase({ units: 40 }))
  const broken: Verdict = { ...verdict, candidate: { mae: { value: null, lower: null, upper: null } }, rules: verdict.rules.map((result) => ({ ...result, difference: { value: null, lower: null, upper: null } })) }
  const page = pageOf(broken)
  partsOf(page)
  assert.doesNotMatch(page, /NaN|Infinity|null/)
  assert.match(page, /undefined/)
  partsOf(pageOf(verdict, { verdict: undefined, outcome: 'failed' }))
})

test('how predictions lie beside the truth is kept in few figures, and counts every judged row', () => {
  const input = regressionCase({ units: 500, rowsPerUnit: 4 }, { eligible: (row) => row % 2 === 0 })
  const { fit, test: tested } = judge(input)
  assert.ok(fit?.kind === 'residuals')
  for (const model of [fit.candidate, fit.champion]) {
    assert.equal(model?.errors.reduce((sum, rows) => sum + rows, 0), tested.rows)
    assert.equal(model?.tenths.reduce((sum, { rows }) => sum + rows, 0), tested.rows)
    assert.equal(model?.tenths.length, 10)
  }
  assert.ok(JSON.stringify(fit).length < 4000)
})

test('the bins of a calibration are those of the calibration error', () => {
  const { fit, candidate } = judge(classificationCase(900, 4))
  assert.ok(fit?.kind === 'calibration')
  const rows = fit.candidate.reduce((sum, bin) => sum + bin.rows, 0)
  const error = fit.candidate.reduce((sum, bin) => sum + bin.rows * Math.abs(bin.predicted - bin.actual), 0) / rows
  assert.equal(rows, 900)
  assert.ok(Math.abs(error - (candidate['calibrationError']?.value ?? 0)) < 1e-12)
})

test('rows of weight 0 count for no mean, and weights move it', () => {
  const plain = judge(regressionCase({ units: 60 }))
  const weights = Float64Array.from({ length: 240 }, (_, row) => (row % 2 === 0 ? 1 : 0))
  const weighted = judge(regressionCase({ units: 60 }, { weights }))
  assert.ok(plain.fit?.kind === 'residuals' && weighted.fit?.kind === 'residuals')
  assert.notDeepEqual(weighted.fit.candidate.tenths.map(({ actual }) => actual), plain.fit.candidate.tenths.map(({ actual }) => actual))
  assert.deepEqual(weighted.fit.candidate.errors, plain.fit.candidate.errors)
})
