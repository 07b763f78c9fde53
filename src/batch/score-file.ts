import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { refitError } from '../errors.js'
import { openDuckDb } from '../data/duckdb.js'
import { extractArchive } from '../packages/extract.js'
import type { PackageManifest } from '../packages/manifest.js'
import { LARGEST_PACKAGE_BYTES, verifyPackage } from '../packages/read.js'
import { openPackage } from '../predictors/open-package.js'
import type { PredictorAdapter } from '../predictors/predictor.js'
import { openAskingNotes } from './asking.js'
import { assemble, countParts } from './assemble.js'
import { outputColumns } from './output-columns.js'
import { finishedParts, PART_ROWS } from './finished-parts.js'
import { openPartWriter } from './parts.js'
import { createPieces } from './pieces.js'
import { openScorable, readPlaced } from './scorable.js'
import { PROGRESS_FILE, type ScoreInput, type Scored, type ScoringProgress } from './score-job.js'
import { piecesOf, scoreRows } from './score-rows.js'
import { syncFile } from './sync.js'

const TELL_EVERY_MS = 250
/** DuckDB reads with the one and keeps the part under way in the other; the model needs memory too. */
const DUCKDB = { reading: { share: 0.8, most: 2_000_000_000 }, writing: { share: 0.2, most: 400_000_000 } }

/**
 * Scores every row of a file with a package, by the code that serves it, and leaves the rows with their predictions at
 * the output's path. Rows pass by in pieces; those of finished parts are not scored again. For use inside a child process.
 * @throws RefitError `batch-input-unfit`, `batch-nothing-scored`, `package-corrupt`, `model-unreadable`
 */
export async function scoreFile(adapters: readonly PredictorAdapter[], input: ScoreInput): Promise<Scored> {
  const { workFolder, output } = input
  const progress = teller(workFolder)
  const manifest = await verifiedPackage(input)
  const { signature } = manifest
  const bytesFor = ({ share, most }: { readonly share: number; readonly most: number }): number => Math.min(most, Math.round(share * input.memoryBytes))
  const connection = await openDuckDb({ memoryBytes: bytesFor(DUCKDB.reading), spillFolder: join(workFolder, 'spill') })
  const writing = await openDuckDb({ memoryBytes: bytesFor(DUCKDB.writing), spillFolder: join(workFolder, 'spill-parts') })
  try {
    await progress({ phase: 'reading', done: 0, of: 0 })
    const file = await openScorable(connection, input, signature)
    // From here on the model is what takes time; two threads would only keep twice as much of a wide file in memory.
    await connection.run('set threads = 1')
    const added = outputColumns(signature)
    const finished = (await finishedParts(workFolder)).length
    const kept = Math.min(finished * PART_ROWS, file.rows)
    await progress({ phase: 'scoring', done: kept, of: file.rows })
    if (kept < file.rows) {
      const notes = await openAskingNotes(workFolder)
      const pieces = createPieces(input.answerMilliseconds)
      const predictor = await notes.loading(() => openPackage(adapters, input.package.folder, manifest))
      const parts = await openPartWriter(writing, workFolder, signature, added, finished)
      await readPlaced(connection, file.values(signature.inputs), kept, async (columns, from, rows) => {
        const read = signature.inputs.map((each, index): [string, readonly unknown[]] => [each.name, valuesOf(columns[2 * index] ?? [], columns[2 * index + 1] ?? [])])
        for (const { at, piece } of piecesOf({ rows, columns: Object.fromEntries(read) }, () => pieces.next())) {
          const begun = performance.now()
          const place = from + at
          await parts.add(await scoreRows(notes.about(predictor, place + 1, place + piece.rows), signature, piece), piece.rows)
          pieces.took(piece.rows, performance.now() - begun)
        }
        await progress({ phase: 'scoring', done: from + rows, of: file.rows })
      })
      await parts.end()
      await predictor.close()
      await notes.close()
    }
    const parts = await finishedParts(workFolder)
    const counted = await countParts(connection, parts, added)
    if (counted.rows !== file.rows) throw new Error(`${counted.rows} rows were scored of ${file.rows}`)
    const [first] = counted.samples
    if (first !== undefined && counted.rejected === counted.rows) throw refitError('batch-nothing-scored', { file: input.input.name, rows: counted.rows, row: first.row, reason: first.reason })
    await progress({ phase: 'writing', done: file.rows, of: file.rows })
    await rm(output.path, { force: true })
    await assemble(connection, file, parts, added, output.path, output.format)
    await syncFile(output.path)
    return { ...counted, kept }
  } catch (error) {
    if (error instanceof Error && error.message.includes('Out of Memory Error')) throw refitError('process-memory', { name: 'Scoring', limit: Math.round(input.memoryBytes / 1_000_000) }, { cause: error })
    throw error
  } finally {
    connection.closeSync()
    writing.closeSync()
  }
}

/** The text of what is no value of its type stands in its place, for the row to be refused with it. */
function valuesOf(values: readonly unknown[], strays: readonly unknown[]): readonly unknown[] {
  return values.map((value, row) => value ?? strays[row] ?? null)
}

/** @throws RefitError `package-corrupt` */
async function verifiedPackage({ package: { folder, digest, archive }, workFolder }: ScoreInput): Promise<PackageManifest> {
  if (archive !== undefined) {
    const unpacked = join(workFolder, 'package.tmp')
    await rm(unpacked, { recursive: true, force: true })
    await extractArchive(archive, unpacked, LARGEST_PACKAGE_BYTES)
    await verifyPackage(unpacked, digest)
    await rm(folder, { recursive: true, force: true })
    await rename(unpacked, folder)
  }
  return verifyPackage(folder, digest)
}

function teller(workFolder: string): (progress: ScoringProgress) => Promise<void> {
  const path = join(workFolder, PROGRESS_FILE)
  let told = 0
  let phase = ''
  return async (progress) => {
    if (progress.phase === phase && Date.now() - told < TELL_EVERY_MS) return
    told = Date.now()
    phase = progress.phase
    await writeFile(`${path}.tmp`, JSON.stringify(progress))
    await rename(`${path}.tmp`, path)
  }
}
