import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { digestUnits } from '../../data/digest-units.js'
import { keptTogetherBy } from '../../define/comparability.js'
import type { StoredModel } from '../../define/stored-definition.js'
import { columnsUnder, hasInferredContract, newestContract } from '../../drops/contracts.js'
import { refitError } from '../../errors.js'
import type { StoredObject } from '../../objects/object-store.js'
import { getModel } from '../../registry/models.js'
import type { Adoption, Origin, TrainedOn } from '../../runs/offer.js'
import { requestRun } from '../../runs/requests.js'
import { retiredError } from '../../runs/retired.js'
import type { Run } from '../../runs/run.js'
import { tokenPrefix, type Rooms } from '../run.js'
import { trainingInterpreter } from '../training-interpreter.js'
import { columnsTaken, requireFit } from './fit.js'
import { unpack } from './unpack.js'
import type { Unpacked } from './unpacked.js'

/** The most that an upload may have. */
const MOST_BYTES = 4 * 1024 ** 3

/**
 * Takes a model that was trained elsewhere: keeps it as it came, looks at it in a child, and asks for a run that checks it like
 * any candidate.
 * @throws RefitError `not-found`, `upload-too-large`, `upload-unfit`, `flavor-unsupported`, `candidate-unfit`, `trained-on-unfit`
 */
export async function adopt(rooms: Rooms, adoption: Adoption, content: Readable, signal: AbortSignal): Promise<Run> {
  const { database, clock, stateFolder } = rooms
  const definition = await definitionOf(rooms, adoption.model)
  requireUntil(definition, adoption.trainedUntil)
  const { key: object } = await keep(rooms, content)
  const workingFolder = join(stateFolder, 'work', `adopt-${randomUUID()}`)
  const token = `${tokenPrefix(stateFolder, workingFolder.slice(workingFolder.lastIndexOf('/') + 1))}/unpack/1`
  try {
    const unpacked = await unpack({ archive: await rooms.objects.localPath(object), definition, projectFolder: rooms.projectFolder, interpreter: await trainingInterpreter(rooms, definition), workingFolder, token, entry: rooms.childEntries.unpack }, signal)
    await requireTaken(rooms, definition, unpacked)
    const at = clock.now()
    const { model, actor, reason, path, host } = adoption
    const origin: Origin = {
      path,
      ...(host === undefined ? {} : { host }),
      sha256: unpacked.sha256,
      bytes: unpacked.bytes,
      ...(unpacked.mlflowRun === undefined ? {} : { mlflowRun: unpacked.mlflowRun }),
      ...versionOf(adoption, unpacked),
      actor,
      reason,
      at: at.toISOString(),
      trainedOn: await trainedOn(rooms, definition, adoption, unpacked, { workingFolder, token }, signal),
    }
    const cause = { trigger: 'adopt' as const, actor, detail: `${path}: ${reason}` }
    return (await requestRun(database, clock, { model, cause, offer: { kind: 'package', object, origin } })).run
  } finally {
    await rm(workingFolder, { recursive: true, force: true })
  }
}

/** The definition under the contract of this moment. @throws RefitError `not-found`, `model-retired` */
async function definitionOf({ database }: Rooms, model: string): Promise<StoredModel> {
  const { definition, present, retired } = await getModel(database, model)
  if (!present) throw refitError('not-found', { what: `model "${model}"` })
  if (retired !== undefined) throw retiredError(model, retired)
  return { ...definition, columns: columnsUnder(definition, await newestContract(database, model)) }
}

function requireUntil({ columns }: StoredModel, trainedUntil: string | undefined): void {
  if (trainedUntil === undefined) return
  if (Number.isNaN(Date.parse(trainedUntil))) throw refitError('request-invalid', { reason: `"${trainedUntil}" is no time` })
  if (!Object.values(columns).some(({ role }) => role === 'time')) throw refitError('request-invalid', { reason: 'the model has no time column that trainedUntil could be compared with' })
}

async function keep({ objects }: Rooms, content: Readable): Promise<StoredObject> {
  let bytes = 0
  const limited = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      bytes += chunk.length
      if (bytes > MOST_BYTES) done(refitError('upload-too-large', { most: MOST_BYTES / 1024 ** 2 }))
      else done(null, chunk)
    },
  })
  const [, stored] = await Promise.all([pipeline(content, limited), objects.put('raw', limited)])
  return stored
}

/** Told at once where it can be; while columns are still to be inferred from a first drop, the run tells. */
async function requireTaken({ database }: Rooms, definition: StoredModel, unpacked: Unpacked): Promise<void> {
  if (definition.contract?.otherColumns === 'infer' && !(await hasInferredContract(database, definition.name))) return
  if (unpacked.package === undefined) columnsTaken(definition, unpacked)
  else requireFit(definition, unpacked.package.signature, 'What was brought')
}

function versionOf({ environment }: Adoption, { note }: Unpacked): Pick<Origin, 'version'> {
  if (note === undefined) return {}
  const { model, version: number, digest, run } = note
  return { version: { ...(environment === undefined ? {} : { environment }), model, number, digest, ...(run === undefined ? {} : { run }) } }
}

async function trainedOn(
  rooms: Rooms,
  { name, columns, limits }: StoredModel,
  { trainedUntil }: Adoption,
  unpacked: Unpacked,
  { workingFolder, token }: { readonly workingFolder: string; readonly token: string },
  signal: AbortSignal,
): Promise<TrainedOn> {
  if (unpacked.trainedOn !== undefined) {
    const output = join(workingFolder, 'units.parquet')
    const file = { path: unpacked.trainedOn.path, key: unpacked.trainedOn.name }
    const units = await digestUnits({ file, columns, memoryBytes: limits.dataMemoryBytes, token, workingFolder, output }, signal)
    return { kind: 'units', object: (await rooms.objects.putFile('files', output)).key, units, by: keptTogetherBy({ columns }) }
  }
  if (trainedUntil !== undefined) return { kind: 'until', time: new Date(trainedUntil).toISOString() }
  switch (unpacked.note?.trainedOn.kind) {
    case 'drops':
      return { ...unpacked.note.trainedOn, kind: 'elsewhere' }
    case 'until':
      return unpacked.note.trainedOn
    case 'unknown':
    case undefined: {
      const drops = await rooms.database.selectFrom('drops').select('id').where('model', '=', name).execute()
      return { kind: 'unknown', drops: drops.map(({ id }) => id) }
    }
  }
}
