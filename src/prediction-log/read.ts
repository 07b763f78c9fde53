import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../database/schema.js'
import { refitError } from '../errors.js'
import type { ObjectStore } from '../objects/object-store.js'
import type { PredictionFacts } from '../predictions/prediction-id.js'
import { runChildJob } from '../processes/child-job.js'
import { truthsOf } from './feedback.js'
import { filesBefore, filesOf } from './files.js'
import { ReadRows, type LoggedRow, type ReadInput } from './read-job.js'

/** A logged row beside the truth, where that has come. */
export interface JoinedRow extends LoggedRow {
  readonly truth?: number | string
}

export interface JoinedPage {
  readonly rows: readonly JoinedRow[]
  /** For the page that goes on, further back; absent at the end. */
  readonly before?: string
}

const LIMITS = { milliseconds: 2 * 60_000, memoryBytes: 1_000_000_000 }
/** Files that one page looks into: with little traffic each has few rows. */
const MOST_FILES = 50

/**
 * Logged rows of a model with their truth, going back from the newest, or from where a page has ended. A page has fewer than
 * `limit` where rows are very long or files very small, and more follow while it has `before`.
 * @throws RefitError `request-invalid` for what is no such place; `object-missing`, `process-memory`, `process-timeout`, `process-died`
 */
export async function readJoined(database: Database, objects: ObjectStore, { model, before, limit }: { readonly model: string; readonly before: string | undefined; readonly limit: number }, signal: AbortSignal): Promise<JoinedPage> {
  const from = before === undefined ? undefined : placeOf(before)
  // One more than is looked into: whether there is anything further back.
  const found = await filesBefore(database, model, from?.file, MOST_FILES + 1)
  const files = found.map(({ number, object, rows }) => ({ number, object, below: number === from?.file ? Math.min(from.below, rows) : rows })).filter(({ below }) => below > 0)
  const looked: typeof files = []
  for (let rows = 0; rows < limit; ) {
    const next = looked.length === MOST_FILES ? undefined : files[looked.length]
    if (next === undefined) break
    looked.push(next)
    rows += next.below
  }
  const { rows, left } = await readRows(objects, looked, { rows: limit }, signal)
  const file = left === undefined ? undefined : looked[left.index]
  const next = left === undefined || file === undefined ? files[looked.length] : { number: file.number, below: left.below }
  return { rows: await withTruth(database, model, rows), ...(next === undefined ? {} : { before: `${next.number}.${next.below}` }) }
}

/**
 * The rows of one answer with their truth, in their order, as many as one page may have; none where it is not in the log.
 * @throws RefitError as `readJoined`
 */
export async function readAnswer(database: Database, objects: ObjectStore, { model, version, at }: PredictionFacts, { id, limit }: { readonly id: string; readonly limit: number }, signal: AbortSignal): Promise<readonly JoinedRow[]> {
  const files = await filesOf(database, { model, version, at })
  const { rows } = await readRows(objects, files.map((file) => ({ ...file, below: file.rows })), { rows: limit, prediction: id }, signal)
  return withTruth(database, model, rows)
}

async function withTruth(database: Database, model: string, rows: readonly LoggedRow[]): Promise<readonly JoinedRow[]> {
  const truths = await truthsOf(database, model, rows)
  return rows.map((row, index) => {
    const truth = truths[index]
    return truth === undefined ? row : { ...row, truth: typeof row.predicted === 'number' ? Number(truth) : truth }
  })
}

/** Where a page has ended: the file, and the number of the row in it. */
function placeOf(before: string): { readonly file: number; readonly below: number } {
  const [, file, below] = /^(\d{1,15})\.(\d{1,9})$/.exec(before) ?? []
  if (file === undefined || below === undefined) throw refitError('request-invalid', { reason: '`before` is none that a page has ended with' })
  return { file: Number(file), below: Number(below) }
}

async function readRows(objects: ObjectStore, files: readonly { readonly object: string; readonly below: number }[], asked: Pick<ReadInput, 'rows' | 'prediction'>, signal: AbortSignal): Promise<ReadRows> {
  if (files.length === 0) return { rows: [] }
  const scratch = await mkdtemp(join(tmpdir(), 'refit-logged-'))
  try {
    const spillFolder = join(scratch, 'spill')
    await mkdir(spillFolder)
    const local: ReadInput['files'] = []
    for (const { object, below } of files) local.push({ path: await objects.localPath(object), below })
    const input: ReadInput = { ...asked, files: local, memoryBytes: LIMITS.memoryBytes, spillFolder }
    return await runChildJob({ entry: new URL('./read-child.bundle.js', import.meta.url), input, output: ReadRows, token: `logged/${process.pid}/${scratch}`, limits: LIMITS, workingFolder: scratch }, signal)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
