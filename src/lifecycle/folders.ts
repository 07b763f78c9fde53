import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Attempt } from '../workflow/stage.js'

/** Where a run keeps its sets and attempts until it has ended. */
export function runFolder(stateFolder: string, run: string): string {
  return join(stateFolder, 'work', run)
}

/** The log of one attempt; it is kept after the run. */
export function attemptLog(stateFolder: string, run: string, stage: string, attempt: number): string {
  return join(stateFolder, 'logs', run, `${stage}-${attempt}.log`)
}

/** A new, empty folder of the attempt's own. */
export async function attemptFolder(stateFolder: string, attempt: Attempt): Promise<string> {
  const folder = join(runFolder(stateFolder, attempt.run), `${attempt.stage}-${attempt.number}`)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  return folder
}
