import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Database } from '../database/schema.js'
import { kindWords } from '../define/definition-words.js'
import { StoredSplit } from '../define/stored-definition.js'
import type { Verdict } from '../evaluation/verdict.js'
import { getChampion } from '../registry/champion.js'
import { latestRolloutOf } from '../registry/rollout.js'
import { getVersion, type Lineage } from '../registry/version.js'
import { answersTo, movesOfVersion } from '../registry/version-history.js'
import { withdrawnAmong } from '../registry/withdrawn-data.js'
import { getRun, runsOffered } from '../runs/queries.js'
import type { Run } from '../runs/run.js'
import { answerInWords } from './explanation-words.js'
import type { ApiParts } from './parts.js'
import { championMove } from './models.js'
import { checkedByProxy } from './proxy.js'
import { ruleLine, runSummary, verdictOf } from './run-answers.js'
import { Explanation, type VerdictOnVersion } from './wire/explanation.js'
import { instant } from './wire/time.js'

/** Runs that were to promote it and are told of. */
const MOST_OFFERS = 50

/** Why a version is there, and why it serves or does not. */
export function explanationRoutes({ database }: ApiParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.get(
      '/models/:model/versions/:version/explanation',
      {
        config: { role: 'viewer' },
        schema: {
          operationId: 'explainVersion',
          tags: ['versions'],
          summary: 'Why a version is there: its verdicts in words, who has decided what, what it was made from',
          params: Type.Object({ model: Type.String(), version: Type.Integer({ minimum: 1 }) }),
          response: { 200: Explanation },
        },
      },
      async ({ params }) => explain(database, params.model, params.version),
    )
    done()
  }
}

async function explain(database: Database, model: string, number: number): Promise<Explanation> {
  const version = await getVersion(database, model, number)
  const serves = (await getChampion(database, model))?.version === number
  const moves = await movesOfVersion(database, model, number)
  const own = version.run === undefined ? [] : [await getRun(database, version.run)]
  const runs = [...own, ...(await runsOffered(database, model, number, MOST_OFFERS))]
  const answers = await answersTo(database, runs.map(({ id }) => id))
  const verdicts = runs.flatMap((run) => verdictIn(run))
  // What a version was made with is kept with it, also where its run was not.
  if (verdicts.length === 0 && version.verdict !== undefined) verdicts.push(verdictWith(version.verdict))
  const withdrawn = await withdrawnAmong(database, version.lineage.drops)
  const rollout = await latestRolloutOf(database, model, number)
  return {
    model,
    version: number,
    answer: answerInWords({ version, serves, moves, answers, verdicts, rollout }),
    state: version.state,
    serves,
    digest: version.digest,
    format: version.format,
    createdAt: instant(version.createdAt),
    verdicts,
    answers: answers.map(({ answer, run, actor, reason, anyway, at }) => ({ answer, run, actor, anyway, at: instant(at), ...(reason === undefined ? {} : { reason }) })),
    moves: moves.map(championMove),
    ...(version.lineage.origin === undefined ? {} : { origin: version.lineage.origin }),
    ...checkedByProxy(version.lineage),
    madeFrom: madeFrom(version.lineage, withdrawn),
  }
}

function verdictIn(run: Run): VerdictOnVersion[] {
  const verdict = verdictOf(run)
  return verdict === undefined ? [] : [{ run: runSummary(run), ...verdictWith(verdict) }]
}

function verdictWith(verdict: Verdict): VerdictOnVersion {
  const { answer, summary, champion, incomparable, byProxy, test, rules, baseline, warnings } = verdict
  const compared = champion?.version ?? incomparable?.version
  return { answer, summary, ...(compared === undefined ? {} : { comparedWith: compared }), ...(byProxy === undefined ? {} : { byProxy }), test, rules: rules.map((result) => ruleLine(result, { baseline })), warnings }
}

function madeFrom(lineage: Lineage, withdrawn: readonly string[]): Explanation['madeFrom'] {
  const { snapshot, drops, split, holdout, trainedUntil, seed, commit, codeHash, definitionHash, lockFileHash, prepare, environment } = lineage
  return {
    snapshot,
    drops: drops.map(({ id, key, sha256 }) => ({ id, key, sha256, withdrawn: withdrawn.includes(id) })),
    split: Value.Check(StoredSplit, split) ? kindWords(split.kind, split) : 'unknown',
    ...(holdout === undefined ? {} : { holdout }),
    ...(trainedUntil === undefined ? {} : { trainedUntil }),
    seed,
    ...(commit === undefined ? {} : { commit }),
    codeHash,
    definitionHash,
    ...(lockFileHash === undefined ? {} : { lockFileHash }),
    ...(prepare === undefined ? {} : { prepare }),
    environment,
  }
}
