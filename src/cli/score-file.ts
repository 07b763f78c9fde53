import { basename, relative, resolve } from 'node:path'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { StoredFormat, StoredLimits } from '../define/stored-definition.js'
import { refitError } from '../errors.js'
import { scoreFileHere, type ScoredFile } from '../roles/score-file.js'
import { deadlineOf } from '../roles/serving-settings.js'
import type { CommandContext } from './context.js'
import { exitCodes } from './exit-codes.js'
import { count, duration } from './figures.js'
import { startScoringLine } from './scoring-progress.js'
import type { Terminal } from './terminal.js'
import { findVersion } from './version-elsewhere.js'

/** What of a definition says how files are read, and how much memory a model may take. */
const Defined = Type.Object({ format: Type.Optional(StoredFormat), limits: StoredLimits })
const SHOWN_SAMPLES = 10

interface Options {
  readonly input: string
  readonly output: string
  readonly overwrite: boolean
}

/** Scores a file by a version, named as `model` or `model@version`, and tells what became of it; returns the exit code. */
export async function scoreFile({ terminal, connect, project }: CommandContext, named: string, { input, output, overwrite }: Options): Promise<number> {
  const api = await connect()
  const [model = '', version] = named.split('@')
  const { definition, retired } = await api.model(model)
  if (retired !== undefined) throw refitError('model-retired', { model, date: retired.at.slice(0, 10), by: retired.by, reason: retired.reason })
  if (!Value.Check(Defined, definition)) throw refitError('answer-unexpected', { reason: `the definition of ${model} is of another form` })
  const { answerWithinSeconds } = await api.project()
  const since = Date.now()
  const stopped = new AbortController()
  const interrupt = (): void => stopped.abort()
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  const line = startScoringLine(terminal)
  try {
    const scored = await scoreFileHere(
      folderOf(project),
      {
        server: api.url,
        model,
        version: async (begun) => {
          const number = version === undefined && begun !== undefined ? begun : (await findVersion(api, named)).number
          const { digest } = await api.version(model, number)
          return { number, digest, archive: () => api.package(model, number) }
        },
        input: resolve(input),
        output: resolve(output),
        format: definition.format ?? {},
        overwrite,
        memoryBytes: definition.limits.trainMemoryBytes,
        answerMilliseconds: deadlineOf(answerWithinSeconds === undefined ? {} : { deadlineMs: answerWithinSeconds * 1000 }),
        onBegin: ({ version: number, goesOn }) => {
          if (!terminal.json) terminal.note(terminal.paint.dim(`version ${number} of ${model}${goesOn ? '; goes on with what was begun' : ''}`))
        },
        onProgress: (progress) => line.show(progress),
      },
      stopped.signal,
    )
    line.end()
    tell(terminal, { ...scored, model, output, milliseconds: Date.now() - since })
    return exitCodes.ok
  } catch (error) {
    line.end()
    if (!stopped.signal.aborted) throw error
    terminal.note('Interrupted. What is finished is kept: the same command goes on where it was.')
    return exitCodes.interrupted
  } finally {
    process.removeListener('SIGINT', interrupt)
    process.removeListener('SIGTERM', interrupt)
  }
}

/** A Python model may lie beside a project; without one, here. */
function folderOf(project: () => string): string {
  try {
    return project()
  } catch {
    return process.cwd()
  }
}

function tell(terminal: Terminal, { model, output, milliseconds, version, rows, rejected, kept, samples }: ScoredFile & { readonly model: string; readonly output: string; readonly milliseconds: number }): void {
  if (terminal.json) {
    terminal.document({ model, version, output: resolve(output), rows, rejected, kept, samples })
    return
  }
  const { paint } = terminal
  const before = kept === 0 ? '' : `, ${count(kept)} of them before`
  terminal.line(`${paint.green('✓')} ${relative('.', resolve(output)) || basename(output)}  ${count(rows)} row${rows === 1 ? '' : 's'} by version ${version} in ${duration(milliseconds)}${before}`)
  if (rejected === 0) return
  terminal.line(`${paint.yellow('!')} ${count(rejected)} row${rejected === 1 ? ' has' : 's have'} no prediction; the column refit_error says why`)
  for (const { row, reason } of samples.slice(0, SHOWN_SAMPLES)) terminal.line(paint.dim(`  row ${count(row)}: ${reason}`))
  if (rejected > SHOWN_SAMPLES) terminal.line(paint.dim('  …'))
}
