import { Type, type Static } from 'typebox'
import type { StoredPredictionLog } from './stored-prediction-log.js'
import type { StoredColumn } from './stored-definition.js'

/** What is logged of answers, as the project file says it. */
export const WrittenPredictionLog = Type.Union([
  Type.Literal('off'),
  Type.Object({ share: Type.Optional(Type.String()), columns: Type.Optional(Type.Array(Type.String())), keep: Type.Optional(Type.String()) }, { additionalProperties: false }),
])
export type WrittenPredictionLog = Static<typeof WrittenPredictionLog>

interface Reading {
  readonly columns: Readonly<Record<string, StoredColumn>>
  readonly duration: (text: string, where: string) => number
  readonly share: (text: string, where: string) => number
  readonly fault: (where: string, message: string) => void
}

const DAY_MS = 86_400_000

/** What holds where a definition says nothing. */
export const plainPredictionLog = { share: 0.1, keepMilliseconds: 90 * DAY_MS } as const

/** Fills in the defaults; undefined: those hold. */
export function resolvePredictionLog(written: WrittenPredictionLog | undefined, { columns, duration, share, fault }: Reading): StoredPredictionLog | undefined {
  if (written === undefined || written === 'off') return written
  for (const [index, name] of (written.columns ?? []).entries()) {
    if (columns[name]?.role !== 'feature') fault(`predictionLog.columns[${index}]`, `${name} is no feature: nobody sends it to the endpoint`)
  }
  const filled = {
    share: written.share === undefined ? plainPredictionLog.share : written.share === '100%' ? 1 : share(written.share, 'predictionLog.share'),
    keepMilliseconds: written.keep === undefined ? plainPredictionLog.keepMilliseconds : duration(written.keep, 'predictionLog.keep'),
  }
  if (written.columns !== undefined) return { ...filled, columns: written.columns }
  // Writing the defaults out is no other definition.
  return filled.share === plainPredictionLog.share && filled.keepMilliseconds === plainPredictionLog.keepMilliseconds ? undefined : filled
}

/** What is logged of a model; undefined: nothing. */
export function predictionLogOf({ predictionLog }: { readonly predictionLog?: StoredPredictionLog | undefined }): Exclude<StoredPredictionLog, 'off'> | undefined {
  return predictionLog === 'off' ? undefined : (predictionLog ?? plainPredictionLog)
}
