import { readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { refitError } from '../errors.js'
import type { PredictorAdapter } from './predictor.js'

/**
 * The adapter for what a trainer left in a folder.
 * @throws RefitError `model-missing` when nothing is recognised, `model-ambiguous` when several formats are
 */
export async function recognise(adapters: readonly PredictorAdapter[], folder: string): Promise<PredictorAdapter> {
  const files = await filesOf(folder)
  const [found, other] = adapters.filter((adapter) => adapter.recognises(files))
  if (found === undefined) throw refitError('model-missing', { left: files.length === 0 ? 'nothing' : files.slice(0, 5).join(', ') })
  if (other !== undefined) throw refitError('model-ambiguous', { formats: `${found.format} and ${other.format}` })
  return found
}

/**
 * Like `recognise`; where nothing is recognised as it lies there, it is brought into form first.
 * @throws RefitError as `recognise`
 */
export async function recogniseArranged(adapters: readonly PredictorAdapter[], folder: string): Promise<PredictorAdapter> {
  const files = await filesOf(folder)
  if (!adapters.some((adapter) => adapter.recognises(files))) for (const adapter of adapters) await adapter.arrange?.(folder, files)
  return recognise(adapters, folder)
}

async function filesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
}

/** The adapter of a package's format. @throws RefitError `model-unreadable` */
export function adapterOf(adapters: readonly PredictorAdapter[], format: string): PredictorAdapter {
  const found = adapters.find((adapter) => adapter.format === format)
  if (found === undefined) throw refitError('model-unreadable', { reason: `no predictor for the format "${format}"` })
  return found
}
