import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildSnapshot } from '../../src/data/build-snapshot.js'
import { readDrops } from '../../src/data/read-drops.js'
import type { Sets } from '../../src/data/snapshot.js'
import { splitSnapshot } from '../../src/data/split-snapshot.js'
import type { StoredModel } from '../../src/define/stored-definition.js'

export type Value = string | number | boolean | null

/** Reads rows as a drop and cuts them into sets below a folder, by the code that a run does it with. */
export async function cutSets(folder: string, definition: StoredModel, rows: readonly Readonly<Record<string, Value>>[]): Promise<Sets> {
  const never = new AbortController().signal
  const workingFolder = join(folder, 'cutting')
  const outputFolder = join(workingFolder, 'parts')
  await mkdir(outputFolder, { recursive: true })
  const path = join(workingFolder, 'rows.csv')
  const names = Object.keys(rows[0] ?? {})
  await writeFile(path, [names.map(quoted).join(','), ...rows.map((row) => names.map((name) => quoted(row[name] ?? null)).join(',')), ''].join('\n'))
  const common = { memoryBytes: definition.limits.dataMemoryBytes, token: `${folder}/cut`, workingFolder }
  const readings = await readDrops({ ...common, drops: [{ id: 'drop', key: 'rows.csv', path, released: false }], columns: definition.columns, outputFolder }, never)
  const reading = readings.get('drop')
  if (reading?.accepted !== true) throw new Error(`the rows of the test are refused: ${JSON.stringify(reading)}`)
  return splitSnapshot(
    {
      ...common,
      snapshot: buildSnapshot([reading.part], definition.columns, definition.window),
      parts: [{ ...reading.part, path: join(outputFolder, `${reading.part.sha256}.parquet`) }],
      split: definition.split,
      task: definition.task,
      outputFolder: join(folder, 'sets'),
    },
    never,
  )
}

function quoted(value: Value): string {
  return value === null ? '' : `"${String(value).replaceAll('"', '""')}"`
}
