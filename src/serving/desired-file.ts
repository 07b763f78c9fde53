import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { Desired } from './live-set.js'

const DesiredFile = Type.Object({ formatVersion: Type.Literal(1), models: Type.Array(Desired) })

/** Keeps what is to serve on local disk, so that serving starts without control and database. */
export async function writeDesired(path: string, models: readonly Desired[]): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`
  const file = await open(temporary, 'w')
  try {
    await file.writeFile(JSON.stringify({ formatVersion: 1, models }))
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
export async function readDesired(path: string): Promise<readonly Desired[] | undefined> {
  try {
    const content: unknown = JSON.parse(await readFile(path, 'utf8'))
    return Value.Check(DesiredFile, content) ? content.models : undefined
  } catch {
    return undefined
  }
}
