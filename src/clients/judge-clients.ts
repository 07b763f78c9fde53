import type { RuleResult } from '../evaluation/verdict.js'
import { breaksOf } from './breaks.js'
import type { ClientShape } from './client-shape.js'
import type { RecordedClient } from './recorded.js'

const MOST_TOLD = 3

/**
 * Whether clients that are recorded go on as they are with a candidate. Undefined where there are none: then there is
 * nothing to keep. `allowed`: the definition lets them break.
 */
export function judgeClients(candidate: ClientShape, clients: readonly Pick<RecordedClient, 'number' | 'version' | 'shape'>[], allowed: boolean): RuleResult | undefined {
  if (clients.length === 0) return undefined
  const broken = clients.flatMap((client) => {
    const breaks = breaksOf(client.shape, candidate)
    return breaks.length === 0 ? [] : [`client ${client.number}, of version ${client.version} (${breaks.join('; ')})`]
  })
  const rule = { kind: 'clients' } as const
  if (broken.length === 0) {
    const those = clients.length === 1 ? 'The recorded client goes' : `The ${clients.length} recorded clients go`
    return { rule, origin: 'built-in', answer: 'passed', explanation: `${those} on as ${clients.length === 1 ? 'it is' : 'they are'}.` }
  }
  const told = broken.slice(0, MOST_TOLD).join(', ')
  const more = broken.length > MOST_TOLD ? ` and ${broken.length - MOST_TOLD} more` : ''
  const breaking = `It breaks ${broken.length} of ${clients.length} recorded client${clients.length === 1 ? '' : 's'}: ${told}${more}.`
  if (allowed) return { rule, origin: 'built-in', answer: 'passed', explanation: `${breaking} The definition allows it.` }
  return { rule, origin: 'built-in', answer: 'failed', explanation: breaking }
}
