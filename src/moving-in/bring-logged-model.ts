import { answerDigest } from './answer-digest.js'
import { experimentOf } from './bring-experiment.js'
import { bringFiles } from './bring-files.js'
import { isKeptPoint, keptEntries } from './entries.js'
import { filePlace } from './file-place.js'
import { NotTaken } from './messages.js'
import { once, type Brought, type Move } from './move.js'
import { folderOfLoggedModel } from './served-folder.js'

/**
 * Brings a logged model with its files.
 * @returns undefined where it is not here afterwards, which is told
 */
export function bringLoggedModel(move: Move, id: string): Promise<Brought | undefined> {
  return once(move.seen.loggedModels, id, async () => {
    try {
      return await bring(move, id)
    } catch (error) {
      if (!(error instanceof NotTaken)) throw error
      move.tally.leave(`logged model ${id}`, error.failure.message)
      return undefined
    }
  })
}

async function bring(move: Move, id: string): Promise<Brought | undefined> {
  const { source, destination, tally } = move
  move.at(`logged model ${id}`)
  const found = await source.loggedModel(id)
  if (found === undefined) {
    tally.leave(`logged model ${id}`, 'the server has it no more')
    return undefined
  }
  const { isDeleted, model } = found
  const { info, data = {} } = model
  const experiment = await experimentOf(move, info.experiment_id)
  if (experiment === undefined) {
    tally.leave(`logged model ${id}`, `the server has its experiment ${info.experiment_id} no more`)
    return undefined
  }
  const leave = (what: string) => (key: string) => tally.leave(`${what} ${key} of logged model ${id}`, 'its name is not one that is taken')
  const there = filePlace(source.server, info.artifact_uri ?? '')
  const { base: server } = source.server
  const { status = 'LOGGED_MODEL_READY' } = info
  const digest = status === 'LOGGED_MODEL_PENDING' ? undefined : answerDigest({ model, isDeleted })
  const points = data.metrics ?? []
  for (const { key } of points.filter((point) => !isKeptPoint(point))) leave('value of metric')(key)
  const { state, uri } = await destination.importLoggedModel({
    server,
    digest,
    ...experiment,
    model_id: id,
    name: info.name,
    model_type: info.model_type,
    source_run_id: info.source_run_id,
    status,
    status_message: info.status_message,
    creation_timestamp_ms: info.creation_timestamp_ms,
    last_updated_timestamp_ms: info.last_updated_timestamp_ms,
    artifact_uri: there.kind === 'elsewhere' ? there.uri : undefined,
    params: keptEntries(data.params, 'param', leave('parameter')),
    tags: keptEntries(info.tags, 'tag', leave('tag')),
    metrics: points.filter(isKeptPoint),
  })
  if (state === 'other') {
    tally.leave(`logged model ${id}`, 'a model of that id is here, which was not brought from that server; it stays as it is')
    return undefined
  }
  if (state === 'complete') {
    tally.pass('loggedModels')
    if (there.kind === 'elsewhere') tally.leave(`files of logged model ${id}`, there.reason)
    return { there, uri }
  }
  const isWhole = await bringFiles(move, `logged model ${id}`, there, uri, { anew: state === 'changed', onDisk: folderOfLoggedModel(id), isModel: true })
  await destination.finishLoggedModel({ server, digest: isWhole ? digest : undefined, model_id: id, deleted: isDeleted })
  tally.add('loggedModels')
  return { there, uri }
}
