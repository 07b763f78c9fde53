import { stopEmbeddedServer } from '../database/embedded/server.js'
import { endServing } from './serving-process.js'
import { endOrphans } from '../predictors/python/orphans.js'
import { removeProcessNote } from './state.js'

/** Ends what a control server that died has left running: serving and PostgreSQL. Returns whether anything was. */
export async function endLeftovers(stateFolder: string): Promise<boolean> {
  const served = await endServing(stateFolder)
  await endOrphans()
  const stored = await stopEmbeddedServer(stateFolder)
  await removeProcessNote(stateFolder, 'control')
  return served || stored
}
