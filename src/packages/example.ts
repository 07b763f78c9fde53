import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** One row of the training set, as a JSON object: what a new version is warmed up with. A package may lack it. */
export const EXAMPLE_FILE = 'refit-example.json'

/** The example of a package folder; undefined where it has none. */
export async function readExample(folder: string): Promise<object | undefined> {
  const json = await readFile(join(folder, EXAMPLE_FILE), 'utf8').catch(() => undefined)
  const row: unknown = json === undefined ? undefined : JSON.parse(json)
  return typeof row === 'object' && row !== null ? row : undefined
}
