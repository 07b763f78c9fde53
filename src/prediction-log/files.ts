import type { Database } from '../database/schema.js'

/** Rows of one version in one Parquet file of the object store. */
export interface PredictionFile {
  /** Grows with each file of the database. */
  readonly number: number
  readonly model: string
  readonly version: number
  readonly object: string
  readonly rows: number
}

export interface NewPredictionFile extends Omit<PredictionFile, 'number'> {
  readonly bytes: number
  readonly firstAt: Date
  readonly lastAt: Date
  readonly at: Date
}

/** Says that an object is being brought, so that it is found where nobody comes to name it. */
export async function beginUpload(database: Database, object: string, at: Date): Promise<void> {
  await database.insertInto('prediction_uploads').values({ object, begun_at: at }).onConflict((conflict) => conflict.column('object').doUpdateSet({ begun_at: at })).execute()
}

/** Objects whose bringing began before an instant and that nothing names. */
export async function uploadsLeft(database: Database, before: Date): Promise<readonly string[]> {
  const rows = await database
    .selectFrom('prediction_uploads')
    .select('object')
    .where('begun_at', '<', before)
    .where(({ not, exists, selectFrom }) => not(exists(selectFrom('prediction_files').select('number').whereRef('prediction_files.object', '=', 'prediction_uploads.object'))))
    .execute()
  return rows.map(({ object }) => object)
}

/** Forgets an object that has been removed. */
export async function forgetUpload(database: Database, object: string): Promise<void> {
  await database.deleteFrom('prediction_uploads').where('object', '=', object).execute()
}

/** Names a file that is in the object store, with the spooled files whose rows it has. */
export async function addFile(database: Database, { model, version, object, rows, bytes, firstAt, lastAt, at }: NewPredictionFile, spools: readonly string[]): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const { number } = await transaction
      .insertInto('prediction_files')
      .values({ model, version, object, rows, bytes: String(bytes), first_at: firstAt, last_at: lastAt, created_at: at })
      .returning('number')
      .executeTakeFirstOrThrow()
    await transaction.deleteFrom('prediction_uploads').where('object', '=', object).execute()
    await transaction.insertInto('prediction_spools').values(spools.map((name) => ({ name, file: number }))).execute()
  })
}

/** Those of some spooled files whose rows are in the object store. */
export async function takenSpools(database: Database, names: readonly string[]): Promise<ReadonlySet<string>> {
  if (names.length === 0) return new Set()
  const rows = await database.selectFrom('prediction_spools').select('name').where('name', 'in', names).execute()
  return new Set(rows.map(({ name }) => name))
}

/** The newest files of a model from one on, going back. */
export async function filesBefore(database: Database, model: string, from: number | undefined, limit: number): Promise<readonly PredictionFile[]> {
  const rows = await database
    .selectFrom('prediction_files')
    .select(['number', 'model', 'version', 'object', 'rows'])
    .where('model', '=', model)
    .$if(from !== undefined, (query) => query.where('number', '<=', String(from)))
    .orderBy('number', 'desc')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ ...row, number: Number(row.number) }))
}

/** Files that may have the rows of an answer: those of its version and time. */
export async function filesOf(database: Database, { model, version, at }: { readonly model: string; readonly version: number; readonly at: Date }): Promise<readonly PredictionFile[]> {
  const rows = await database
    .selectFrom('prediction_files')
    .select(['number', 'model', 'version', 'object', 'rows'])
    .where('model', '=', model)
    .where('last_at', '>=', at)
    .where('first_at', '<=', at)
    .where('version', '=', version)
    .orderBy('number')
    .execute()
  return rows.map((row) => ({ ...row, number: Number(row.number) }))
}

/** Files whose last row is older than this, the oldest first. */
export async function filesUntil(database: Database, model: string, until: Date, limit: number): Promise<readonly PredictionFile[]> {
  const rows = await database.selectFrom('prediction_files').select(['number', 'model', 'version', 'object', 'rows']).where('model', '=', model).where('last_at', '<', until).orderBy('number').limit(limit).execute()
  return rows.map((row) => ({ ...row, number: Number(row.number) }))
}

/** Forgets a file; its object has been removed. */
export async function forgetFile(database: Database, number: number): Promise<void> {
  await database.deleteFrom('prediction_files').where('number', '=', String(number)).execute()
}

/** Models of which anything is kept, logged rows or truth. */
export async function modelsWithLog(database: Database): Promise<readonly string[]> {
  const rows = await database.selectFrom('prediction_files').select('model').union(database.selectFrom('prediction_feedback').select('model')).execute()
  return rows.map(({ model }) => model).toSorted()
}

/** How much of a model is kept in the object store; bytes as they lie there. */
export interface Amounts {
  readonly rows: number
  readonly files: number
  readonly bytes: number
  /** Of the first and of the last answer. */
  readonly from?: Date
  readonly to?: Date
}

export async function amountsOf(database: Database, model: string): Promise<Amounts> {
  const { rows, files, bytes, from, to } = await database
    .selectFrom('prediction_files')
    .select(({ fn }) => [fn.sum('rows').as('rows'), fn.countAll().as('files'), fn.sum('bytes').as('bytes'), fn.min('first_at').as('from'), fn.max('last_at').as('to')])
    .where('model', '=', model)
    .executeTakeFirstOrThrow()
  return { rows: Number(rows), files: Number(files), bytes: Number(bytes), ...(from === null || to === null ? {} : { from, to }) }
}
