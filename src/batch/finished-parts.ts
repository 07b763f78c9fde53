import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Rows of a part, the last one's apart: what a kill costs at most. */
export const PART_ROWS = 50_000

/** Where a part lies; it is there when it is whole. */
export function partFile(folder: string, part: number): string {
  return join(folder, `part-${String(part).padStart(8, '0')}.parquet`)
}

/** The parts that are finished, from the first on without a gap. */
export async function finishedParts(folder: string): Promise<readonly string[]> {
  const names = new Set(await readdir(folder))
  const parts: string[] = []
  for (let part = 0; names.has(partName(part)); part += 1) parts.push(partFile(folder, part))
  return parts
}

function partName(part: number): string {
  return partFile('', part)
}
