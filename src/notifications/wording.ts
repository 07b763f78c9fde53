import type { NotificationKind } from '../define/notify.js'
import { oneLine } from './one-line.js'
import type { Facts } from './happening.js'

/** What happened, to be put into words. */
export interface Happened {
  readonly kind: NotificationKind
  readonly model: string
  readonly run: string | undefined
  readonly actor: string
  readonly facts: Facts
  /** How many candidates in a row were rejected by now. */
  readonly rejections: number
}

interface Words {
  readonly summary: string
  readonly text: string
  readonly next: string
}

const MOST_CHARACTERS = 1500

/** A title, a sentence that says what happened and why, and what to do about it; each on one line. */
export function wordsFor(happened: Happened): Words {
  const { summary, text, next } = words(happened)
  return { summary: cut(summary, 200), text: cut(text, MOST_CHARACTERS), next: cut(next, MOST_CHARACTERS) }
}

function words({ kind, model, run, actor, facts, rejections }: Happened): Words {
  const { version, previous, explanation = '' } = facts
  const drop = facts.key ?? facts.drop ?? ''
  const who = `by ${actor}${facts.reason === undefined ? '' : `: ${facts.reason}`}`
  const show = run === undefined ? `\`refit status\` shows where it stands.` : `\`refit show ${run}\` has every rule with its figures.`
  switch (kind) {
    case 'failed':
      return {
        summary: `${model}: a run failed`,
        text: `Run ${run ?? ''} of ${model} failed: ${explanation}`,
        next: `\`refit logs ${run ?? model}\` shows what it wrote; \`refit run ${model}\` tries again.`,
      }
    case 'rejected-in-a-row':
      return {
        summary: `${model}: ${rejections === 1 ? 'a candidate was' : `${rejections} candidates in a row were`} rejected`,
        text: rejections === 1 ? `The candidate of ${run ?? model} was rejected: ${explanation}` : `The last ${rejections} candidates of ${model} were rejected. The newest, of ${run ?? ''}: ${explanation}`,
        next: show,
      }
    case 'quarantined':
      return {
        summary: `${model}: drop ${drop} is in quarantine`,
        text: `Drop ${drop} of ${model} was put into quarantine: ${facts.summary ?? ''}`,
        next: `\`refit drops ${model} --state quarantined\` tells what was wrong. Deliver the file mended, or let it in as it is: \`refit drops release ${facts.drop ?? ''} --reason "…"\`.`,
      }
    case 'awaiting-approval':
      return {
        summary: `${model}: version ${version ?? ''} awaits approval`,
        text: explanation === '' ? `Version ${version ?? ''} of ${model} awaits approval.` : `${model}: ${explanation}`,
        next: run === undefined ? `\`refit versions ${model}\` shows it.` : `\`refit approve ${run}\` puts it into service; \`refit approve ${run} --decline\` does not.`,
      }
    case 'promoted':
      return {
        summary: `${model}: version ${version ?? ''} is champion`,
        text: explanation === '' ? `Version ${version ?? ''} of ${model} was made champion${previous === undefined ? '' : ` in place of version ${previous}`}, ${who}` : `${model}: ${explanation}`,
        next: `\`refit rollback ${model}\` goes back to the version before.`,
      }
    case 'rolled-back':
      if (facts.rollout !== undefined) {
        return {
          summary: `${model}: version ${version ?? ''} was rolled back, version ${facts.champion ?? ''} serves`,
          text: `${model}: ${explanation}`,
          next: `\`refit rollout ${model}\` shows its steps with their figures.`,
        }
      }
      return {
        summary: `${model}: rolled back to version ${version ?? ''}`,
        text: `${model} went back from version ${previous ?? ''} to version ${version ?? ''}, ${who}`,
        next: `\`refit versions ${model}\` shows which serves.`,
      }
    case 'below-standard':
      return {
        summary: `${model}: the champion is below standard`,
        text: `The champion of ${model} does not meet the standard of its own check${because(facts)}`,
        next: show,
      }
    case 'meets-standard':
      return { summary: `${model}: the champion meets the standard again`, text: `The champion of ${model} meets the standard of its check again${because(facts)}`, next: show }
    case 'drop-overdue':
      return {
        summary: `${model}: a drop is overdue`,
        text: `No drop of ${model} has arrived for ${lasting(facts.milliseconds ?? 0)}: ${facts.dropsBefore === false ? 'there has been none since' : 'the last one came at'} ${facts.since ?? ''}`,
        next: `Ask whoever delivers it; \`refit drops ${model}\` shows what has arrived.`,
      }
    case 'schedule-missed':
      return {
        summary: `${model}: a schedule was missed`,
        text: `The schedule ${facts.cron ?? ''} of ${model} was missed ${facts.count === 1 ? `once, at ${facts.last ?? ''}` : `${facts.count ?? 'some'} times, from ${facts.first ?? ''} to ${facts.last ?? ''}`}, for Refit did not run then`,
        next: `\`refit runs ${model}\` shows what has run since; \`refit run ${model}\` asks for a run now.`,
      }
    case 'source-failed':
      return {
        summary: `${model}: its source cannot be read`,
        text: facts.message ?? `The source ${facts.source ?? ''} of ${model} cannot be read.`,
        next: 'Check that it is there and may be read. Nothing is lost: what arrives meanwhile is taken when it can be read again.',
      }
  }
}

function because({ explanation, summary, reason }: Facts): string {
  const why = explanation ?? summary ?? reason
  return why === undefined ? '' : `: ${why}`
}

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** E.g. `8 days`, `36 hours`, `20 minutes`. */
function lasting(milliseconds: number): string {
  const [unit, name] = milliseconds >= 3 * DAY ? [DAY, 'day'] : milliseconds >= 3 * HOUR ? [HOUR, 'hour'] : [60_000, 'minute']
  const count = Math.floor(milliseconds / unit)
  return `${count} ${name}${count === 1 ? '' : 's'}`
}

/** A sentence of at most so many characters, with its end. */
function cut(text: string, most: number): string {
  const line = oneLine(text)
  return line.length > most ? `${line.slice(0, most - 1)}…` : line
}
