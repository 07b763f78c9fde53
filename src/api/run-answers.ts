import { Value } from 'typebox/value'
import type { SnapshotProfile } from '../data/profile.js'
import { isDeadlocked } from '../evaluation/deadlock.js'
import { Verdict, type RuleResult } from '../evaluation/verdict.js'
import type { AttemptView, StageView } from '../runs/queries.js'
import type { Offer } from '../runs/offer.js'
import type { Run, RunError } from '../runs/run.js'
import { trainingLogs, type TrackedRun } from './training-log.js'
import { movedColumns } from './moved-columns.js'
import { nextSteps } from './next-steps.js'
import { bytes, figure, milliseconds } from '../evaluation/wording.js'
import { metricFigure, metricLabel, ruleLabel } from '../evaluation/rule-label.js'
import { dropsOf, hadChampion, packageOf, summariseStage, warningsOf } from './stage-summary.js'
import type { Headline, RuleLine, RunDetail, RunFailure, RunSummary } from './wire/run.js'
import { instant } from './wire/time.js'

/** A run as lists show it. */
export function runSummary(run: Run): RunSummary {
  const verdict = verdictOf(run)
  return {
    id: run.id,
    model: run.model,
    number: run.number,
    state: run.state,
    causes: run.causes.map((cause) => ({ ...cause })),
    force: run.force,
    ...(run.offer === undefined ? {} : { offer: offerOf(run.offer) }),
    cancelRequested: run.cancelRequested,
    createdAt: instant(run.createdAt),
    ...(run.outcome === undefined ? {} : { outcome: run.outcome }),
    ...(run.version === undefined ? {} : { version: run.version }),
    ...(run.explanation === undefined ? {} : { explanation: run.explanation }),
    ...(run.error === undefined ? {} : { error: runFailure(run.error) }),
    ...(verdict === undefined ? {} : { headline: headline(verdict) }),
    ...(run.startedAt === undefined ? {} : { startedAt: instant(run.startedAt) }),
    ...(run.endedAt === undefined ? {} : { endedAt: instant(run.endedAt) }),
  }
}

function offerOf(offer: Offer): NonNullable<RunSummary['offer']> {
  return offer.kind === 'version' ? { kind: 'version', version: offer.version } : { kind: 'package', origin: offer.origin }
}

/** A run, whole. */
export function runDetail(run: Run, stages: readonly StageView[], attempts: readonly AttemptView[], trainings: readonly TrackedRun[], profile?: SnapshotProfile): RunDetail {
  const verdict = verdictOf(run)
  const resultOf = (name: string): unknown => stages.find((stage) => stage.name === name)?.result
  const drops = dropsOf(resultOf('ingest'))
  const packaged = packageOf(resultOf('refit') ?? resultOf('train'))
  return {
    ...runSummary(run),
    ...(run.snapshot === undefined ? {} : { snapshot: run.snapshot }),
    ...(run.candidate === undefined ? {} : { candidate: run.candidate }),
    ...(packaged === undefined ? {} : { package: packaged }),
    stages: stages.map((stage) => ({
      name: stage.name,
      attempt: stage.attempt,
      startedAt: instant(stage.startedAt),
      finishedAt: instant(stage.finishedAt),
      summary: summariseStage(stage.name, stage.result),
    })),
    attempts: attempts.map((attempt) => ({
      stage: attempt.stage,
      number: attempt.number,
      state: attempt.state,
      startedAt: instant(attempt.startedAt),
      ...(attempt.endedAt === undefined ? {} : { endedAt: instant(attempt.endedAt) }),
      ...(attempt.error === undefined ? {} : { error: runFailure(attempt.error) }),
    })),
    drops: [...drops],
    logged: [...trainingLogs(trainings)],
    ...(profile === undefined ? {} : { data: { rows: profile.rows, moved: [...movedColumns(profile)] } }),
    ...(verdict?.holdout === undefined ? {} : { holdout: holdoutWords(verdict.holdout, verdict.primaryMetric) }),
    warnings: [...warningsOf(resultOf('split'))],
    ...(verdict === undefined ? {} : { verdict }),
    rules: verdict?.rules.map((result) => ruleLine(result, verdict)) ?? [],
    nextSteps: [...nextSteps(run, drops, { hadChampion: hadChampion(resultOf('check')), isStuck: verdict !== undefined && isDeadlocked(verdict), isVetoed: verdict?.rules.some(({ vetoed }) => vetoed === true) ?? false, isTooSmall: verdict?.test.tooSmall !== undefined })],
  }
}

function holdoutWords({ rows, candidate, champion, reason }: NonNullable<Verdict['holdout']>, metric: string): string {
  const figure = (metrics: Readonly<Record<string, number | null>>): string => metricFigure(metric, metrics[metric] ?? null)
  const on = `on ${rows.toLocaleString('en-US')} rows that are held out of every set`
  if (reason !== undefined) return `No figures ${on}: ${reason}`
  const beside = champion === undefined ? '' : `, version ${champion.version} has ${figure(champion.metrics)}`
  return `${metricLabel(metric)} is ${figure(candidate)} ${on}${beside}; this decides nothing`
}

/** One rule of a verdict as tables show it. */
export function ruleLine(result: RuleResult, { baseline }: Pick<Verdict, 'baseline'>): RuleLine {
  const { rule, answer, explanation } = result
  const beside = rule.kind === 'baseline' ? baseline[rule.metric] : undefined
  const { candidate, champion } = figuresOf(result)
  return {
    label: beside === undefined || !('metric' in rule) ? ruleLabel(rule) : `${ruleLabel(rule)} (${figure(rule, beside.value)})`,
    answer,
    explanation,
    ...(candidate === undefined ? {} : { candidate }),
    ...(champion === undefined ? {} : { champion }),
  }
}

/** What a table shows of the two models. */
function figuresOf({ rule, candidate, champion, size, timing }: RuleResult): { readonly candidate?: string | undefined; readonly champion?: string | undefined } {
  const [found, words] = size === undefined ? [timing, milliseconds] : [size, bytes]
  if (found !== undefined) return { candidate: words(found.candidate), champion: found.champion === undefined ? undefined : words(found.champion) }
  if (!('metric' in rule)) return {}
  return { candidate: candidate === undefined ? undefined : figure(rule, candidate.value), champion: champion === undefined ? undefined : figure(rule, champion.value) }
}

/** The verdict in one figure. */
export function headline(verdict: Verdict): Headline {
  const metric = verdict.primaryMetric
  const candidate = verdict.candidate[metric]?.value ?? null
  const champion = verdict.champion === undefined ? undefined : (verdict.champion.metrics[metric]?.value ?? null)
  const text = `${metricLabel(metric)} ${metricFigure(metric, candidate)}`
  return {
    answer: verdict.answer,
    metric,
    candidate,
    ...(champion === undefined ? { text } : { champion, text: `${text} vs ${metricFigure(metric, champion)}` }),
  }
}

/** What the check of a run has found; undefined before it. */
export function verdictOf(run: Run): Verdict | undefined {
  return run.verdict === undefined ? undefined : Value.Parse(Verdict, run.verdict)
}

/** The stack stays in the log. */
export function runFailure(error: RunError): RunFailure {
  const { code, message, hint, faults } = error
  return { code, message, ...(hint === undefined ? {} : { hint }), ...(faults === undefined ? {} : { faults }) }
}
