import type { TestRows } from '../data/test-rows.js'
import type { StoredRule } from '../define/stored-definition.js'
import { judgeLatency, judgePackageSize, unmeasuredLatency } from '../evaluation/serving-rules.js'
import type { RuleResult } from '../evaluation/verdict.js'
import { readManifest } from '../packages/read.js'
import type { PredictorAdapter } from '../predictors/predictor.js'
import type { Asking } from './asking-note.js'
import type { ChampionFacts, CheckInput } from './check-candidate.js'
import { measureLatency } from './measure-latency.js'
import type { Asked } from './score-rows.js'

type LatencyRule = Extract<StoredRule, { kind: 'latency' }>

/** Judges the rules about the package itself, with the champion beside where it can be asked. */
export async function judgeServing(adapters: readonly PredictorAdapter[], input: Pick<CheckInput, 'definition' | 'candidateFolder'>, champion: ChampionFacts | undefined, source: TestRows, asking: Asking, tell: (words: string) => void): Promise<ReadonlyMap<StoredRule, RuleResult>> {
  const results = new Map<StoredRule, RuleResult>()
  for (const rule of input.definition.check) {
    if (rule.kind === 'packageSize') {
      const beside = champion === undefined ? undefined : { version: champion.version, value: await bytesOf(champion.folder) }
      results.set(rule, judgePackageSize(rule, await bytesOf(input.candidateFolder), beside))
    }
    if (rule.kind === 'latency') {
      const measure: Measure = (models) => measureLatency(adapters, models, source, rule, asking)
      const candidate: Asked = { whose: 'candidate', folder: input.candidateFolder }
      results.set(rule, await latencyOf(rule, candidate, champion, measure, tell))
    }
  }
  return results
}

type Measure = (models: readonly Asked[]) => Promise<readonly (readonly number[])[]>

/** In turn with the champion. Where that throws, by itself: what the champion does is not the candidate's doing. */
async function latencyOf(rule: LatencyRule, candidate: Asked, champion: ChampionFacts | undefined, measure: Measure, tell: (words: string) => void): Promise<RuleResult> {
  try {
    const [times = [], beside] = champion === undefined ? [] : await measure([candidate, { whose: champion.version, folder: champion.folder }])
    if (champion !== undefined && beside !== undefined) return judgeLatency(rule, times, { version: champion.version, times: beside })
  } catch (error) {
    tell(`candidate and champion could not be measured beside each other: ${wordsOf(error)}`)
  }
  return measure([candidate]).then(([times = []]) => judgeLatency(rule, times), (error: unknown) => unmeasuredLatency(rule, wordsOf(error)))
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

async function bytesOf(folder: string): Promise<number> {
  const { files } = await readManifest(folder)
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}
