import type { EventRecord } from '../api/wire/event.js'
import { timeOfDay } from './figures.js'
import { wrap, type Terminal } from './terminal.js'

/** Told elsewhere, or of no news to someone who watches. */
const leftOut = new Set(['stage.started', 'run.requested', 'run.coalesced', 'run.started', 'model.defined', 'version.created', 'drop.ingested'])

/** Shows what happens in the whole project as it happens: a line an event, a record with --json. */
export function createProjectProgress(terminal: Terminal): { show(event: EventRecord): void } {
  if (terminal.json) return { show: (event) => terminal.record(event) }
  const { paint } = terminal
  return {
    show: (event) => {
      if (leftOut.has(event.kind)) return
      const head = `${timeOfDay(event.at)}  ${event.run ?? event.model ?? 'refit'}`
      const width = Math.max(terminal.width - head.length - 4, 30)
      const [first = '', ...rest] = wrap(event.text, width)
      terminal.line(`${paint.dim(timeOfDay(event.at))}  ${paint.bold(event.run ?? event.model ?? 'refit')}  ${coloured(paint, event, first)}`)
      for (const line of rest) terminal.line(`${' '.repeat(head.length)}  ${coloured(paint, event, line)}`)
    },
  }
}

function coloured(paint: Terminal['paint'], event: EventRecord, text: string): string {
  switch (event.kind) {
    case 'drop.quarantined':
    case 'stage.failed':
    case 'source.failed':
      return paint.red(text)
    case 'champion.moved':
      return paint.green(text)
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
