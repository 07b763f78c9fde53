import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { Desired, Retired } from './live-set.js'

/** `retired` was added later; whoever does not know it serves the same, and says less of what it does not serve. */
const DesiredFile = Type.Object({ formatVersion: Type.Literal(1), models: Type.Array(Desired), retired: Type.Optional(Type.Array(Retired)) })

/** What is to serve, and what is not any more. */
export interface Kept {
  readonly models: readonly Desired[]
  readonly retired: readonly Retired[]
}

/** Keeps what is to serve on local disk, so that serving starts without control and database. */
export async function writeDesired(path: string, { models, retired }: Kept): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`
  const file = await open(temporary, 'w')
  try {
    await file.writeFile(JSON.stringify({ formatVersion: 1, models, ...(retired.length === 0 ? {} : { retired }) }))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** What was to serve last; undefined where nothing usable is kept. */
export async function readDesired(path: string): Promise<Kept | undefined> {
  try {
    const content: unknown = JSON.parse(await readFile(path, 'utf8'))
    return Value.Check(DesiredFile, content) ? { models: content.models, retired: content.retired ?? [] } : undefined
  } catch {
    return undefined
  }
}
