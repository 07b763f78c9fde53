import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { readDrops, type DropFiles } from '../../src/data/read-drops.js'
import type { DropReading, Part } from '../../src/data/snapshot.js'
import type { StoredColumn, StoredFormat } from '../../src/define/stored-definition.js'

/** A contract with a column of every kind. */
export const columns: Readonly<Record<string, StoredColumn>> = {
  house: { type: 'text', role: 'group', optional: false },
  sold: { type: 'time', role: 'time', optional: false },
  price: { type: 'number', role: 'target', optional: false, min: 1, max: 5_000_000 },
  rooms: { type: 'number', role: 'feature', optional: true },
  zipcode: { type: 'category', role: 'feature', optional: false },
  heating: { type: 'category', role: 'feature', optional: false, values: ['gas', 'oil'] },
  renovated: { type: 'boolean', role: 'feature', optional: false },
}

export interface Sale {
  readonly house: string
  readonly sold: string
  readonly price: number
  readonly rooms: number
  readonly zipcode: string
  readonly heating: string
  readonly renovated: boolean
}

/** Sales on consecutive days from 2026-01-01, one an hour; every price is there once. */
export function sales(count: number, from = 0): readonly Sale[] {
  return Array.from({ length: count }, (_, index) => {
    const n = from + index
    return {
      house: `h${n % Math.ceil((count + from) / 3)}`,
      sold: new Date(Date.UTC(2026, 0, 1) + n * 3_600_000).toISOString(),
      price: 100_000 + n,
      rooms: 1 + (n % 7),
      zipcode: `0${8000 + (n % 9)}`,
      heating: n % 2 === 0 ? 'gas' : 'oil',
      renovated: n % 3 === 0,
    }
  })
}

/** Lines of a CSV file, the header first. */
export function csvLines(rows: readonly Sale[]): readonly string[] {
  return [Object.keys(columns).join(','), ...rows.map((row) => [row.house, row.sold, row.price, row.rooms, row.zipcode, row.heating, row.renovated].join(','))]
}

/** What a drop is read from: a file, or several by their names. */
export type DropContent = string | Buffer | Readonly<Record<string, string | Buffer>>

/** Reads files as drops of one call; the key of a drop is its id. Parts are left in `outputFolder`. */
export async function read(
  context: TestContext,
  files: Readonly<Record<string, DropContent>>,
  contract = columns,
  { format = {}, released = false }: { readonly format?: StoredFormat; readonly released?: boolean } = {},
): Promise<{ readonly reading: (key: string) => DropReading; readonly parts: readonly (Part & { path: string })[]; readonly outputFolder: string; readonly raw: (key: string) => string }> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-drops-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  const outputFolder = join(folder, 'parts')
  await mkdir(outputFolder)
  const drops: DropFiles[] = []
  for (const [index, [key, content]] of Object.entries(files).entries()) {
    const path = join(folder, `raw-${index}`)
    if (typeof content === 'string' || Buffer.isBuffer(content)) {
      await writeFile(path, content)
      drops.push({ id: `d${index}`, key, path, released })
    } else {
      const several = Object.entries(content).map(([name, bytes], place) => ({ key: name, path: `${path}-${place}`, bytes }))
      for (const file of several) await writeFile(file.path, file.bytes)
      drops.push({ id: `d${index}`, key, path, released, files: several.map((file) => ({ key: file.key, path: file.path })) })
    }
  }
  const request = { drops, columns: contract, format, memoryBytes: 1_000_000_000, token: `${folder}/read`, workingFolder: folder, outputFolder }
  const readings = await readDrops(request, new AbortController().signal)
  return {
    reading: (key) => {
      const found = readings.get(drops.find((drop) => drop.key === key)?.id ?? '')
      if (found === undefined) throw new Error(`no reading of ${key}`)
      return found
    },
    parts: [...readings.values()].flatMap((reading) => (reading.accepted ? [{ ...reading.part, path: join(outputFolder, `${reading.part.sha256}.parquet`) }] : [])),
    outputFolder,
    raw: (key) => drops.find((drop) => drop.key === key)?.path ?? '',
  }
}
