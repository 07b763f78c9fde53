import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../database/schema.js'
import { refitError } from '../errors.js'
import type { ObjectStore } from '../objects/object-store.js'
import { runChildJob } from '../processes/child-job.js'
import { truthsOf } from './feedback.js'
import { filesBefore } from './files.js'
import { LoggedRows, type LoggedRow } from './read-job.js'

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
const MOST_FILES = 20

/**
 * Logged rows of a model with their truth, going back from the newest, or from where a page has ended.
 * @throws RefitError `request-invalid` for what is no such place; `object-missing`, `process-memory`, `process-timeout`, `process-died`
 */
export async function readJoined(database: Database, objects: ObjectStore, { model, before, limit }: { readonly model: string; readonly before: string | undefined; readonly limit: number }, signal: AbortSignal): Promise<JoinedPage> {
  const from = before === undefined ? undefined : placeOf(before)
  // One more than is looked into: whether there is anything further back.
  const files = await filesBefore(database, model, from?.file, MOST_FILES + 1)
  const rows: LoggedRow[] = []
  let next: string | undefined
  for (const [index, file] of files.entries()) {
    const below = file.number === from?.file ? Math.min(from.below, file.rows) : file.rows
    if (below === 0) continue
    if (rows.length === limit || index === MOST_FILES) {
      next = `${file.number}.${below}`
      break
    }
    const read = await readRows(await objects.localPath(file.object), below, limit - rows.length, signal)
    rows.push(...read)
    if (read.length < below) {
      next = `${file.number}.${below - read.length}`
      break
    }
  }
  const truths = await truthsOf(database, model, rows)
  return {
    rows: rows.map((row, index) => {
      const truth = truths[index]
      return truth === undefined ? row : { ...row, truth: typeof row.predicted === 'number' ? Number(truth) : truth }
    }),
    ...(next === undefined ? {} : { before: next }),
  }
}

/** Where a page has ended: the file, and the number of the row in it. */
function placeOf(before: string): { readonly file: number; readonly below: number } {
  const [, file, below] = /^(\d{1,15})\.(\d{1,9})$/.exec(before) ?? []
  if (file === undefined || below === undefined) throw refitError('request-invalid', { reason: '`before` is none that a page has ended with' })
  return { file: Number(file), below: Number(below) }
}

async function readRows(path: string, below: number, rows: number, signal: AbortSignal): Promise<readonly LoggedRow[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'refit-logged-'))
  try {
    await mkdir(join(scratch, 'spill'))
    return await runChildJob(
      {
        entry: new URL('./read-child.bundle.js', import.meta.url),
        input: { path, below, rows, memoryBytes: LIMITS.memoryBytes, spillFolder: join(scratch, 'spill') },
        output: LoggedRows,
        token: `logged/${process.pid}/${scratch}`,
        limits: LIMITS,
        workingFolder: scratch,
      },
      signal,
    )
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
