import type { TSchema } from 'typebox'
import type { Fault } from '../errors.js'
import { needsAttention, type StoredTarget, type WrittenTarget } from './notify.js'
import { placesOfSecrets } from './secret.js'
import { structuralFaults } from './structural-faults.js'

const REJECTED_IN_A_ROW = 3
/** Options that are looked up when something is sent; anywhere else the reference itself would be taken. */
const SECRET_OPTIONS: readonly string[] = ['url', 'secret', 'headers', 'smtp', 'environment']

/** Fills in the defaults of those who are told. With faults the targets are of no use. */
export function resolveNotify(
  written: readonly WrittenTarget[],
  schemas: Readonly<Record<string, TSchema>>,
  models: readonly string[],
): { readonly targets: readonly StoredTarget[]; readonly faults: readonly Fault[]; readonly misplacedSecrets: readonly string[] } {
  const faults: Fault[] = []
  const misplacedSecrets: string[] = []
  const names = new Set<string>()
  const targets = written.map(({ kind, name = kind, on = needsAttention, models: only, rejectedInARow = REJECTED_IN_A_ROW, options }, index): StoredTarget => {
    const path = `notify[${index}]`
    const fault = (where: string, message: string): void => {
      faults.push({ path: `${path}${where}`, message })
    }
    const schema = schemas[kind]
    if (schema === undefined) fault('', `"${kind}" is not known; there are: ${Object.keys(schemas).join(', ')}`)
    else faults.push(...structuralFaults(schema, options, path))
    if (!/^[a-z][a-z0-9-]{0,62}$/.test(name)) fault('.name', `"${name}" is no name of a target: lower-case letters, digits and hyphens, from a letter on`)
    if (names.has(name)) fault('', `there is a target named ${name} before it; give them names, e.g. { name: 'on-call' }`)
    names.add(name)
    for (const model of only ?? []) if (!models.includes(model)) fault('.models', `there is no model "${model}"; there are: ${models.join(', ')}`)
    const plain = Object.fromEntries(Object.entries(options).filter(([option]) => !SECRET_OPTIONS.includes(option)))
    misplacedSecrets.push(...placesOfSecrets({ name, models: only, options: plain }, path))
    return { name, kind, options, on: [...new Set(on)], ...(only === undefined ? {} : { models: [...only] }), rejectedInARow }
  })
  return { targets, faults, misplacedSecrets }
}
