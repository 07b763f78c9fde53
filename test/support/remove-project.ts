import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Removes a temporary project with its state, also where the server's data had to lie elsewhere (as root). */
export async function removeProject(folder: string): Promise<void> {
  const elsewhere = await readFile(join(folder, '.refit', 'postgres-folder'), 'utf8').catch(() => undefined)
  if (elsewhere !== undefined) await rm(elsewhere.trim(), { recursive: true, force: true })
  await rm(folder, { recursive: true, force: true })
}
