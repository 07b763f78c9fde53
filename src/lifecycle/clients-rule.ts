import { clientShape } from '../clients/client-shape.js'
import { judgeClients } from '../clients/judge-clients.js'
import { recordedClients } from '../clients/recorded.js'
import type { Database } from '../database/schema.js'
import type { StoredModel } from '../define/stored-definition.js'
import type { RuleResult } from '../evaluation/verdict.js'
import type { Signature } from '../packages/manifest.js'

/** Whether a package goes on with the clients that are recorded of a model; undefined where there are none. */
export async function clientsRule(database: Database, model: string, { columns, brokenClients }: StoredModel, signature: Signature): Promise<RuleResult | undefined> {
  return judgeClients(clientShape(signature, columns), await recordedClients(database, model), brokenClients === 'allow')
}
