import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { refitError } from '../errors.js'
import { startTimeOf } from '../processes/proc.js'

/** Its name in the folder. */
export const CLAIM_FILE = 'claimed-by.json'
const Claim = Type.Object({ pid: Type.Integer(), startTime: Type.String() })

/**
 * Claims a folder for this process. One that has died holds nothing.
 * @throws RefitError `batch-under-way` while another process holds it; `file` is what that one writes
 */
export async function claimFolder(folder: string, file: string): Promise<void> {
  const path = join(folder, CLAIM_FILE)
  const claim = JSON.stringify({ pid: process.pid, startTime: (await startTimeOf(process.pid)) ?? '' })
  for (;;) {
    try {
      const handle = await open(path, 'wx')
      await handle.writeFile(claim)
      await handle.close()
      return
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const holder = parse(await readFile(path, 'utf8').catch(() => ''))
    if (Value.Check(Claim, holder) && (await startTimeOf(holder.pid)) === holder.startTime) throw refitError('batch-under-way', { file, pid: holder.pid })
    await rm(path, { force: true })
  }
}

/** Lets go of a folder that this process holds. */
export async function releaseFolder(folder: string): Promise<void> {
  await rm(join(folder, CLAIM_FILE), { force: true })
}

/** After a power cut a file may be there without its content. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
