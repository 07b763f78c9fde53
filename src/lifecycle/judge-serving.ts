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

/** Judges the rules about the package itself, with the champion beside where it can be asked. */
export async function judgeServing(adapters: readonly PredictorAdapter[], input: Pick<CheckInput, 'definition' | 'candidateFolder'>, champion: ChampionFacts | undefined, source: TestRows, asking: Asking): Promise<ReadonlyMap<StoredRule, RuleResult>> {
  const results = new Map<StoredRule, RuleResult>()
  for (const rule of input.definition.check) {
    if (rule.kind === 'packageSize') {
      const beside = champion === undefined ? undefined : { version: champion.version, value: await bytesOf(champion.folder) }
      results.set(rule, judgePackageSize(rule, await bytesOf(input.candidateFolder), beside))
    }
    if (rule.kind === 'latency') {
      const models: readonly Asked[] = [{ whose: 'candidate', folder: input.candidateFolder }, ...(champion === undefined ? [] : [{ whose: champion.version, folder: champion.folder }])]
      results.set(
        rule,
        await measureLatency(adapters, models, source, rule, asking).then(
          ([times = [], others]) => judgeLatency(rule, times, champion === undefined || others === undefined ? undefined : { version: champion.version, times: others }),
          (error: unknown) => unmeasuredLatency(rule, error instanceof Error ? error.message : String(error)),
        ),
      )
    }
  }
  return results
}

async function bytesOf(folder: string): Promise<number> {
  const { files } = await readManifest(folder)
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}
