import type { Static } from 'typebox'
import type { StoredColumn } from '../define/stored-definition.js'
import { refitError } from '../errors.js'
import { runChildJob } from '../processes/child-job.js'
import { DigestUnitsOutput, type DigestUnitsInput } from './digest-units-job.js'
import { groupingColumn } from './unit.js'

export interface DigestUnitsRequest {
  readonly file: { readonly path: string; readonly key: string }
  readonly columns: Readonly<Record<string, StoredColumn>>
  readonly memoryBytes: number
  readonly token: string
  readonly workingFolder: string
  readonly output: string
}

const LONGEST_MS = 60 * 60_000

/**
 * Leaves the digests of the units in a file of rows, in a child with limits, and returns how many there are. Where a column
 * says what stays together the file needs no other.
 * @throws RefitError `trained-on-unfit`
 */
export async function digestUnits({ file, columns, memoryBytes, token, workingFolder, output }: DigestUnitsRequest, signal: AbortSignal): Promise<number> {
  const needed = unitColumns(columns)
  const answer = await runChildJob(
    {
      entry: new URL('./digest-units-child.bundle.js', import.meta.url),
      input: { file, columns: needed, memoryBytes, workingFolder: `${workingFolder}/units`, output } satisfies Static<typeof DigestUnitsInput>,
      output: DigestUnitsOutput,
      token,
      limits: { milliseconds: LONGEST_MS, memoryBytes },
      workingFolder,
    },
    signal,
  )
  if ('units' in answer) return answer.units
  throw refitError('trained-on-unfit', { reason: answer.faults.map(({ message }) => message).join(' ') })
}

/** The columns that the text of a unit is made of. */
function unitColumns(columns: DigestUnitsRequest['columns']): Record<string, StoredColumn> {
  const grouping = groupingColumn(columns)
  return Object.fromEntries(Object.entries(columns).filter(([name, { role }]) => (grouping === undefined ? role !== 'ignored' : name === grouping)))
}
