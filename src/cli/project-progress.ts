import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { EventRecord } from '../api/wire/event.js'
import { duration, timeOfDay } from './figures.js'
import { wrap, type Terminal } from './terminal.js'

/** Told elsewhere, or of no news to someone who watches. */
const leftOut = new Set(['stage.started', 'run.requested', 'run.coalesced', 'run.started', 'version.created', 'drop.ingested'])
/** Stages whose end tells what the run's end tells as well. */
const quietStages = new Set(['version', 'deploy'])

const StageData = Type.Object({ stage: Type.String(), milliseconds: Type.Number(), summary: Type.Optional(Type.String()) })

/** Shows what happens in the whole project as it happens: a line an event, a record with --json. */
export function createProjectProgress(terminal: Terminal): { show(event: EventRecord): void } {
  if (terminal.json) return { show: (event) => terminal.record(event) }
  const { paint } = terminal
  return {
    show: (event) => {
      const text = textOf(event)
      if (text === undefined) return
      const time = timeOfDay(event.at)
      const subject = event.run ?? event.model ?? 'refit'
      const indent = time.length + subject.length + 4
      for (const [index, line] of wrap(text, Math.max(terminal.width - indent, 30)).entries()) {
        const head = index === 0 ? `${paint.dim(time)}  ${paint.bold(subject)}  ` : ' '.repeat(indent)
        terminal.line(`${head}${coloured(paint, event, line)}`)
      }
    },
  }
}

/** The event in words; undefined for what is not shown. */
function textOf(event: EventRecord): string | undefined {
  // A definition that is as it was, or new, is of no news.
  if (event.kind === 'model.defined' && !hasChanges(event.data)) return undefined
  if (leftOut.has(event.kind) || (event.kind === 'champion.moved' && event.run !== undefined)) return undefined
  if (event.kind !== 'stage.finished' || !Value.Check(StageData, event.data)) return event.text
  const { stage, milliseconds, summary = '' } = event.data
  if (quietStages.has(stage)) return undefined
  // The verdict is told in full when the run ends.
  return `${stage.padEnd(6)} ${duration(milliseconds).padStart(7)}  ${stage === 'check' ? (summary.split(':')[0] ?? '') : summary}`
}

function hasChanges({ changes }: EventRecord['data']): boolean {
  return Array.isArray(changes) && changes.length > 0
}

function coloured(paint: Terminal['paint'], event: EventRecord, text: string): string {
  switch (event.kind) {
    case 'drop.quarantined':
    case 'stage.failed':
    case 'source.failed':
    case 'source.refused':
      return paint.red(text)
    case 'champion.moved':
      return paint.green(text)
    case 'model.defined':
    case 'model.retired':
      return paint.yellow(text)
    case 'run.ended':
      return colourOfOutcome(paint, event.data['outcome'])(text)
    case 'stage.finished':
      return paint.dim(text)
    default:
      return text
  }
}

function colourOfOutcome(paint: Terminal['paint'], outcome: unknown): (text: string) => string {
  switch (outcome) {
    case 'promoted':
      return paint.green
    case 'rejected':
    case 'failed':
      return paint.red
    case 'unchanged':
    case 'cancelled':
      return paint.dim
    default:
      return paint.yellow
  }
}
