import { dropFaults, isWaivable, type DropFaultCode } from '../data/drop-faults.js'
import type { Drop } from '../drops/drop.js'

/** Faults that another contract can let in: `refit contract accept` says how, or why not. */
const ofTheContract: ReadonlySet<string> = new Set<DropFaultCode>([
  'missing-column',
  'unexpected-column',
  'missing-value',
  'wrong-type',
  'out-of-range',
  'category-not-allowed',
  'too-short',
  'too-long',
  'pattern-mismatch',
  'not-unique',
])

/** What can be done about a drop as it stands, a sentence each. */
export function dropSteps({ id, model, state, source, reason, decision }: Pick<Drop, 'id' | 'model' | 'state' | 'source' | 'reason' | 'decision'>): readonly string[] {
  switch (state) {
    case 'quarantined':
      return quarantineSteps(id, source, (reason.faults ?? []).map(({ code }) => code), decision !== undefined)
    case 'ingested':
      return [`\`refit drops withdraw ${id} --reason "…"\` takes it out of the history; with --repair also out of service.`]
    case 'discarded':
    case 'withdrawn':
      return [`\`refit drops restore ${id} --reason "…"\` has it read again.`]
    case 'recorded':
      return [`The next run takes it; \`refit run ${model}\` starts one.`]
    case 'superseded':
      return []
  }
}

function quarantineSteps(id: string, source: string, codes: readonly string[], wasDecided: boolean): readonly string[] {
  if (codes.length > 0 && codes.every((code) => code === 'implausible-repeats')) {
    return [`\`refit drops discard ${id} --reason "…"\` if it was sent again under another name; \`refit drops release ${id} --reason "…"\` if rows may repeat.`]
  }
  const [first] = codes.filter((code) => !isWaivable(code))
  // A query has no file to send again: what its rows say now comes with the next look at them.
  const mend = source.startsWith('query:')
    ? 'Mend the rows in the database and let their watermark grow: they come with the next look'
    : first === undefined
      ? 'Deliver the file mended'
      : `${remedyOf(first)} Deliver it again under the same name`
  const release = first === undefined ? `; or \`refit drops release ${id} --reason "…"\` if it is right as it is` : ''
  return [
    `${mend}${release}.`,
    ...(codes.some((code) => ofTheContract.has(code)) ? [`\`refit contract accept ${id} --preview\` shows what the contract would have to be to let it in.`] : []),
    ...(first === undefined && !wasDecided ? [] : [`After a change of the definition, \`refit drops restore ${id} --reason "…"\` has it read again.`]),
  ]
}

function remedyOf(code: string): string {
  const known: Readonly<Record<string, readonly [string, string, string?]>> = dropFaults
  return known[code]?.[1] ?? ''
}
