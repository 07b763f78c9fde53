import { sql, type Selectable } from 'kysely'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import type { Database, Schema, Transaction, VersionState } from '../database/schema.js'
import { refitError } from '../errors.js'
import { Signature } from '../packages/manifest.js'
import { PackageFileVersion } from '../packages/store.js'
import { Verdict } from '../evaluation/verdict.js'
import { appendEvent } from '../runs/event.js'
import { Origin } from '../runs/offer.js'
import { lockModel } from './models.js'

/** An object in the object store, and its version where that keeps versions. */
const Kept = { object: Type.String(), objectVersion: Type.Optional(Type.String()) }

/** A drop that a version was made from. */
export const DropOfLineage = Type.Object({
  id: Type.String(),
  key: Type.String(),
  sha256: Type.String(),
  /** Of its raw bytes. */
  object: Type.Optional(Type.String()),
  objectVersion: Type.Optional(Type.String()),
  /** Its rows as they were read. Absent in what former releases made. */
  part: Type.Optional(Type.Object(Kept)),
})
export type DropOfLineage = Static<typeof DropOfLineage>

/** The manifest of a package, and its files where the object store keeps versions. */
const KeptPackage = Type.Object({ ...Kept, files: Type.Optional(Type.Array(PackageFileVersion)) })
export type KeptPackage = Static<typeof KeptPackage>

/** What a version was made from: enough to explain it, and to make it again. */
export const Lineage = Type.Object({
  /** The second format: it was brought, and what it has seen follows from its origin. The third: it was trained on every row. */
  formatVersion: Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(3)]),
  run: Type.String(),
  /** That it was trained on, or, where it was brought, checked on. */
  snapshot: Type.String(),
  /** Where it comes from, if it was not trained here: then it was made from no drop. */
  origin: Type.Optional(Origin),
  drops: Type.Array(DropOfLineage),
  package: Type.Optional(KeptPackage),
  /**
   * It was trained once more, on so many rows, test rows among them, after another package had passed the check for it
   * (EVIDENCE rule 14): it is checked by proxy.
   */
  refitted: Type.Optional(Type.Object({ rows: Type.Integer(), checked: Type.Object({ digest: Type.String(), package: KeptPackage, trainedUntil: Type.Optional(Type.String()) }) })),
  definitionHash: Type.String(),
  /** Hash of the project's own code that took part, and the commit it stood at, where there is one. */
  codeHash: Type.String(),
  commit: Type.Optional(Type.String()),
  lockFileHash: Type.Optional(Type.String()),
  /** SHA-256 of what prepares its rows. */
  prepare: Type.Optional(Type.String()),
  environment: Type.Object({ refit: Type.String(), node: Type.String(), platform: Type.String() }),
  seed: Type.Integer(),
  /** The run of MLflow's API that its training has logged to; migration 15 reads it. Absent where it logs to none. */
  mlflowRun: Type.Optional(Type.String()),
  /** The champion that it was compared with. */
  comparedWith: Type.Optional(Type.Integer()),
  /** How the training and test sets were cut, and the newest time that was trained or validated on. */
  split: Type.Unknown(),
  /** By what rows came to their sides (`cutBy`). Absent in those of former releases, whose snapshot has the columns. */
  cutBy: Type.Optional(Type.String()),
  /** Share of the units that were held out of every set. */
  holdout: Type.Optional(Type.Number()),
  trainedUntil: Type.Optional(Type.String()),
})
export type Lineage = Static<typeof Lineage>

/** An immutable, content-addressed package with its lineage and verdict. */
export interface Version {
  readonly model: string
  readonly number: number
  readonly run: string | undefined
  /** Of the package. */
  readonly digest: string
  readonly format: string
  readonly state: VersionState
  readonly signature: Signature
  readonly verdict: Verdict | undefined
  readonly lineage: Lineage
  readonly createdAt: Date
}

function versionFromRow(row: Selectable<Schema['versions']>): Version {
  return {
    model: row.model,
    number: row.number,
    run: row.run ?? undefined,
    digest: row.digest,
    format: row.format,
    state: row.state,
    signature: Value.Parse(Signature, row.signature),
    verdict: row.verdict === null ? undefined : Value.Parse(Verdict, row.verdict),
    lineage: Value.Parse(Lineage, row.lineage),
    createdAt: row.created_at,
  }
}

export interface NewVersion {
  readonly model: string
  readonly run: string
  readonly digest: string
  readonly format: string
  readonly state: 'passed' | 'awaiting-approval'
  readonly signature: Signature
  readonly verdict: Verdict
  readonly lineage: Lineage
}

/** Registers a version under the model's next number, in the caller's transaction; a run makes one version, ever. */
export async function addVersion(transaction: Transaction, at: Date, version: NewVersion): Promise<number> {
  await lockModel(transaction, version.model)
  const existing = await transaction.selectFrom('versions').select('number').where('model', '=', version.model).where('run', '=', version.run).executeTakeFirst()
  if (existing !== undefined) return existing.number
  const { number } = await transaction
    .updateTable('models')
    .set({ next_version: sql`next_version + 1` })
    .where('name', '=', version.model)
    .returning(sql<number>`next_version - 1`.as('number'))
    .executeTakeFirstOrThrow()
  await transaction
    .insertInto('versions')
    .values({
      model: version.model,
      number,
      run: version.run,
      digest: version.digest,
      format: version.format,
      state: version.state,
      signature: JSON.stringify(version.signature),
      verdict: JSON.stringify(version.verdict),
      lineage: JSON.stringify(version.lineage),
      created_at: at,
    })
    .execute()
  await appendEvent(transaction, { at, actor: 'refit', kind: 'version.created', model: version.model, run: version.run, data: { version: number, digest: version.digest, state: version.state, ...(version.lineage.refitted === undefined ? {} : { checkedByProxy: true }) } })
  return number
}

/** Versions from the newest on, or from the one before `before`. */
export async function listVersions(database: Database, model: string, limit = 100, before?: number): Promise<readonly Version[]> {
  let select = database.selectFrom('versions').selectAll().where('model', '=', model).orderBy('number', 'desc').limit(limit)
  if (before !== undefined) select = select.where('number', '<', before)
  return (await select.execute()).map(versionFromRow)
}

/** @throws RefitError `not-found` */
export async function getVersion(database: Database, model: string, number: number): Promise<Version> {
  const row = await database.selectFrom('versions').selectAll().where('model', '=', model).where('number', '=', number).executeTakeFirst()
  if (row === undefined) throw refitError('not-found', { what: `version ${number} of model "${model}"` })
  return versionFromRow(row)
}

/** The version that a run made, if any. */
export async function versionOfRun(database: Database, run: string): Promise<Version | undefined> {
  const row = await database.selectFrom('versions').selectAll().where('run', '=', run).executeTakeFirst()
  return row === undefined ? undefined : versionFromRow(row)
}
