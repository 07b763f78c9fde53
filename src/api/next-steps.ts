import type { Run } from '../runs/run.js'

/** What the check had before it. */
interface Check {
  readonly hadChampion: boolean
  /** The champion cannot score the rows, so that no comparison with it will ever be settled. */
  readonly isStuck: boolean
  /** The candidate looks good but for the champion's own test rows. */
  readonly isVetoed: boolean
  /** The test set is too small to judge by, whatever the rules say. */
  readonly isTooSmall: boolean
}

/** What the owner of the model can do about a run that has ended so, a sentence each. */
export function nextSteps(
  run: Pick<Run, 'id' | 'model' | 'outcome' | 'version' | 'error'>,
  drops: readonly { readonly state: string }[],
  { hadChampion, isStuck, isVetoed, isTooSmall }: Check,
): readonly string[] {
  const { id, model } = run
  const steps: string[] = []
  switch (run.outcome) {
    case undefined:
      steps.push(`\`refit logs ${id} --follow\` shows what it writes; \`refit cancel ${id}\` ends it.`)
      break
    case 'promoted':
      steps.push(`\`refit predict ${model} --row '{…}'\` asks it${hadChampion ? `; \`refit rollback ${model}\` goes back to the version before` : ''}.`)
      if (run.version !== undefined) steps.push(`\`refit explain ${model}@${run.version}\` tells why it serves.`)
      break
    case 'rejected':
      steps.push(hadChampion ? 'The champion serves on; newer data starts the next run.' : 'Newer data starts the next run.')
      if (isVetoed) steps.push(`Look at the newest of \`refit drops ${model}\`: \`refit drops withdraw <drop> --reason '…'\` takes a wrong one out. If the world has changed, a \`window\` lets the old rows go.`)
      steps.push(`\`refit report ${id}\` draws it; \`refit logs ${id}\` shows the training.`)
      break
    case 'inconclusive':
      steps.push(`\`refit report ${id} --open\` draws the figures.`)
      if (isStuck) {
        steps.push(`More data will not settle this: with \`approval: 'when-inconclusive'\` someone can let the next candidate through.`)
        break
      }
      steps.push(`${hadChampion ? 'The champion serves on; more' : 'More'} test rows make the next verdict sharper.`)
      steps.push(`${isTooSmall ? '' : 'A wider margin in `check` lets more such candidates pass. '}With \`approval: 'when-inconclusive'\` they would wait for somebody's approval.`)
      break
    case 'awaiting-approval':
      steps.push(`\`refit report ${id} --open\` draws the figures.`)
      steps.push(`\`refit approve ${id}\` puts version ${run.version ?? '?'} into service; \`refit approve ${id} --decline\` ${hadChampion ? 'keeps the champion' : 'leaves it out'}.`)
      if (isStuck) steps.push('Approve the candidate to break the deadlock: the champion cannot score these rows, and more data will not settle it.')
      break
    case 'superseded':
      steps.push('A newer version took its place; nothing needs to be done.')
      break
    case 'unchanged':
      steps.push(`\`refit run ${model} --force\` runs all the same.`)
      break
    case 'failed':
      steps.push(`\`refit logs ${id}\` shows what the stage wrote; \`refit run ${model}\` tries again.`)
      break
    case 'cancelled':
      steps.push(`\`refit run ${model}\` starts another.`)
      break
  }
  if (drops.some((drop) => drop.state === 'quarantined')) {
    steps.push(`\`refit drops ${model} --state quarantined\` tells what was wrong. Deliver the file mended, or \`refit drops release\` it; after a change of the columns, \`refit drops restore\` it.`)
  }
  return steps
}
