import { digestOf } from '../define/canonical-json.js'
import { RefitError } from '../errors.js'
import { checkArtifactPath, pathInStore } from '../tracking/artifact-path.js'
import { numberOf, type ModelVersion } from './answers.js'
import { bringFiles, OTHERS } from './bring-files.js'
import { bringLoggedModel } from './bring-logged-model.js'
import { bringRun } from './bring-run.js'
import { keptEntries } from './entries.js'
import { filePlace, pathWithin } from './file-place.js'
import { NotTaken } from './messages.js'
import { once, type Brought, type Move } from './move.js'

/** Where a version comes from, as it is told, and where its files lie here. */
interface Place {
  readonly source: string
  readonly location: string
  readonly loggedModel: string | undefined
}

/**
 * Brings a version: first its run and its files, then the version itself, so that whoever sees it here can load it.
 * @returns whether it is here afterwards; why not is told
 */
export async function bringVersion(move: Move, name: string, version: ModelVersion): Promise<boolean> {
  const { source, destination, tally } = move
  const called = `version ${version.version} of ${version.name}`
  move.at(called)
  const { run_id: runId = '' } = version
  const run = runId === '' ? undefined : await bringRun(move, runId)
  const { source: from, location, loggedModel } = await placeOf(move, version, run)
  try {
    const state = await destination.importVersion({
      server: source.server.base,
      name,
      version: String(version.version),
      creation_timestamp: version.creation_timestamp,
      last_updated_timestamp: version.last_updated_timestamp,
      description: version.description,
      user_id: version.user_id,
      current_stage: version.current_stage === '' ? undefined : version.current_stage,
      source: from,
      location,
      run_id: runId,
      run_link: version.run_link,
      model_id: loggedModel,
      tags: keptEntries(version.tags, 'tag', (key) => tally.leave(`tag ${key} of ${called}`, 'its name is not one that is taken')),
    })
    if (state === 'made') tally.add('versions')
    else if (state === 'present') tally.pass('versions')
    else tally.leave(called, `version ${version.version} of ${name} was made here; it stays as it is`)
    return state !== 'other'
  } catch (error) {
    if (!(error instanceof NotTaken)) throw error
    tally.leave(called, error.failure.message)
    return false
  }
}

/** Brings the files of a version, where its run or its logged model has not brought them, and says where they lie. */
async function placeOf(move: Move, version: ModelVersion, run: Brought | undefined): Promise<Place> {
  const { source, seen } = move
  const { source: from = '', name } = version
  const called = `version ${version.version} of ${name}`
  const loggedModel = loggedModelOf(version)
  const logged = loggedModel === undefined ? undefined : await bringLoggedModel(move, loggedModel)
  if (logged !== undefined) return { source: `models:/${loggedModel}`, location: logged.uri, loggedModel }

  const told = await source.downloadUri(name, numberOf(version.version) ?? 0)
  const uri = told === undefined || told === '' ? from : told
  const there = filePlace(source.server, uri)
  if (run !== undefined) {
    const within = pathWithin(run.there, there)
    const location = within === '' ? run.uri : `${run.uri}/${within ?? ''}`
    if (within !== undefined && there.kind === 'disk' && (await hasNothing(move, location))) move.tally.leave(`files of ${called}`, there.reason)
    // Ids of runs are the same here, so an address that names one goes on holding.
    if (within !== undefined) return { source: from.startsWith('runs:/') ? from : location, location, loggedModel: undefined }
  }
  const own = `mlflow-artifacts:/${checkArtifactPath(`${OTHERS}/${digestOf([source.server.base, uri]).slice(0, 32)}`)}`
  const location = there.kind === 'elsewhere' && there.uri !== undefined ? there.uri : own
  await once(seen.folders, uri, () => bringFiles(move, called, there, own))
  return { source: location, location, loggedModel: undefined }
}

/** Whether the folder of a version has no file here: on another machine's disk the server has found none. */
async function hasNothing({ destination }: Move, location: string): Promise<boolean> {
  try {
    const path = pathInStore(location)
    return path !== undefined && (await destination.sizesIn(path)).size === 0
  } catch (error) {
    // It is refused as the place of a version.
    if (error instanceof RefitError && error.code === 'tracking-invalid') return false
    throw error
  }
}

/** The logged model that a version was made of, as its server tells it or its source says. */
function loggedModelOf({ model_id: id, source = '' }: ModelVersion): string | undefined {
  if (id !== undefined && id !== '') return id
  return /^models:\/+(m-[\da-f]{32})$/.exec(source)?.[1]
}
