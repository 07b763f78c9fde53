import { answerDigest } from './answer-digest.js'
import type { Run } from './answers.js'
import { experimentOf } from './bring-experiment.js'
import { bringFiles } from './bring-files.js'
import { bringLoggedModel } from './bring-logged-model.js'
import { isKeptPoint, isKey, keptEntries, piecesOf } from './entries.js'
import { filePlace } from './file-place.js'
import { NotTaken } from './messages.js'
import { once, type Brought, type Move } from './move.js'
import { folderOfRun } from './served-folder.js'

/** The most that a batch may have. */
const MOST_METRICS = 1000
const MOST_ENTRIES = 100

/**
 * Brings a run with all that was logged of it: parameters, tags, histories, datasets, logged models and files. What is here
 * already, as it is there, is passed over.
 * @returns undefined where it is not here afterwards, which is told
 */
export function bringRun(move: Move, id: string): Promise<Brought | undefined> {
  return once(move.seen.runs, id, async () => {
    try {
      return await bring(move, id)
    } catch (error) {
      if (!(error instanceof NotTaken)) throw error
      move.tally.leave(`run ${id}`, error.failure.message)
      return undefined
    }
  })
}

async function bring(move: Move, id: string): Promise<Brought | undefined> {
  const { source, destination, tally } = move
  move.at(`run ${id}`)
  const run = await source.run(id)
  if (run === undefined) {
    tally.leave(`run ${id}`, 'the server has it no more')
    return undefined
  }
  const { info } = run
  const experiment = await experimentOf(move, info.experiment_id)
  if (experiment === undefined) {
    tally.leave(`run ${id}`, `the server has its experiment ${info.experiment_id} no more`)
    return undefined
  }
  const there = filePlace(source.server, info.artifact_uri ?? '')
  const { base: server } = source.server
  // What is still being written is brought again the next time.
  const digest = info.status === 'RUNNING' || info.status === 'SCHEDULED' ? undefined : answerDigest(run)
  const { state, uri } = await destination.importRun({
    server,
    digest,
    ...experiment,
    run_id: id,
    run_name: info.run_name,
    user_id: info.user_id,
    status: info.status,
    start_time: info.start_time,
    end_time: info.end_time,
    artifact_uri: there.kind === 'elsewhere' ? there.uri : undefined,
  })
  if (state === 'other') {
    tally.leave(`run ${id}`, 'a run of that id is here, which was not brought from that server; it stays as it is')
    return undefined
  }
  // Those of a run that is here whole, too: one may have failed at a former import.
  for (const { model_id: model } of run.outputs?.model_outputs ?? []) await bringLoggedModel(move, model)
  if (state === 'complete') {
    tally.pass('runs')
    if (there.kind === 'elsewhere') tally.leave(`files of run ${id}`, there.reason)
    return { there, uri }
  }
  await bringLogged(move, id, run)
  const isWhole = await bringFiles(move, `run ${id}`, there, uri, { anew: state === 'changed', onDisk: folderOfRun(id) })
  await destination.finishRun({ server, digest: isWhole ? digest : undefined, run_id: id, deleted: info.lifecycle_stage === 'deleted' })
  tally.add('runs')
  return { there, uri }
}

async function bringLogged({ source, destination, tally, signal }: Move, id: string, { data = {}, inputs = {}, outputs = {} }: Run): Promise<void> {
  const leave = (what: string) => (key: string) => tally.leave(`${what} ${key} of run ${id}`, 'its name is not one that is taken')
  for (const params of piecesOf(keptEntries(data.params, 'param', leave('parameter')), MOST_ENTRIES)) await destination.logBatch(id, { params })
  for (const tags of piecesOf(keptEntries(data.tags, 'tag', leave('tag')), MOST_ENTRIES)) await destination.logBatch(id, { tags })
  for (const key of new Set((data.metrics ?? []).map((metric) => metric.key))) {
    signal.throwIfAborted()
    if (!isKey(key, 'metric')) {
      leave('metric')(key)
      continue
    }
    for await (const points of source.history(id, key)) {
      const taken = points.filter(isKeptPoint)
      if (taken.length < points.length) tally.leave(`${points.length - taken.length} values of metric ${key} of run ${id}`, 'their times or steps are not ones that are taken')
      for (const metrics of piecesOf(taken, MOST_METRICS)) await destination.logBatch(id, { metrics })
      tally.add('values', taken.length)
    }
  }
  const datasets = inputs.dataset_inputs ?? []
  const models = inputs.model_inputs ?? []
  if (datasets.length + models.length > 0) await destination.logInputs(id, datasets, models)
  const made = outputs.model_outputs ?? []
  if (made.length > 0) await destination.logOutputs(id, made)
}
