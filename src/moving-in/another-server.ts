import { refitError } from '../errors.js'
import { Identity } from './answers.js'
import type { Server } from './exchange.js'
import { askPerhaps, askWhether } from './messages.js'

const question = { method: 'GET', path: '/api/2.0/mlflow/refit/imports/identity', what: 'the question which server it is' } as const

/**
 * Requires that a server is to be moved from into a Refit, and into another one: a server has many addresses, and one database
 * may have several servers.
 * @throws RefitError `import-from-itself`, `import-into-other`, and as `ask`
 */
export async function requireAnotherServer(from: Server, to: Server, signal: AbortSignal): Promise<void> {
  const here = await askWhether(to, question, Identity, signal)
  if (here === undefined) throw refitError('import-into-other', { url: to.base })
  // MLflow's own server has no such route, and answers as it pleases.
  const there = await askPerhaps(from, question, Identity, signal)
  if (there?.id === here.id) throw refitError('import-from-itself', { server: from.called })
}
