import type { LifecycleRun } from './run.js'

/** Whether what a run trains is trained once more (EVIDENCE rule 14). What it was offered stays what it is. */
export function refitsOnAll({ definition, offer }: Pick<LifecycleRun, 'definition' | 'offer'>): boolean {
  return definition.refitOnAll === true && offer === undefined
}
