import { stripVTControlCharacters } from 'node:util'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { EventRecord } from '../api/wire/event.js'
import { duration, timeOfDay } from './figures.js'
import { spinnerFrame } from './spinner.js'
import { cut, type Terminal } from './terminal.js'

const FRAME_MS = 100
const NAME_WIDTH = 8

const StageData = Type.Object({
  stage: Type.String(),
  attempt: Type.Integer(),
  milliseconds: Type.Optional(Type.Number()),
  summary: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
})

/** Shows the events of one run as they come: a line a stage on a terminal, a line an event else, a record with --json. */
export interface RunProgress {
  show(event: EventRecord): void
  /** Shows a line that a process of the run has written, until the next. */
  tell(line: string): void
  /** Clears what is not meant to stay. */
  end(): void
}

export function startRunProgress(terminal: Terminal): RunProgress {
  if (terminal.json) return { show: (event) => terminal.record(event), tell: () => undefined, end: () => undefined }
  return terminal.interactive ? rewrittenLines(terminal) : plainLines(terminal)
}

function plainLines(terminal: Terminal): RunProgress {
  return { show: (event) => terminal.line(`${timeOfDay(event.at)}  ${event.text}`), tell: () => undefined, end: () => undefined }
}

/** The stage under way is the last line, rewritten in place; what has finished stays above. */
function rewrittenLines(terminal: Terminal): RunProgress {
  const { paint } = terminal
  let current: { readonly label: string; readonly since: number } | undefined
  let said = ''
  let frame = 0
  const clear = (): void => terminal.write('\r\u001b[2K')
  const draw = (): void => {
    if (current === undefined) return
    clear()
    const text = ` ${current.label}  ${duration(Date.now() - current.since)}${said === '' ? '' : `  ${said}`}`
    terminal.write(`${paint.cyan(spinnerFrame(frame))}${cut(text, terminal.width - 2)}`)
  }
  const keep = (line: string): void => {
    clear()
    terminal.line(line)
    draw()
  }
  const timer = setInterval(() => {
    frame += 1
    draw()
  }, FRAME_MS)

  const line = (sign: string, name: string, took: number | undefined, rest: string): string => {
    const time = took === undefined ? '' : duration(took)
    return `${sign} ${name.padEnd(NAME_WIDTH)}${paint.dim(time.padStart(8))}  ${cut(rest, terminal.width - NAME_WIDTH - 13)}`
  }
  return {
    show: (event) => {
      const data = Value.Check(StageData, event.data) ? event.data : undefined
      if (event.kind === 'run.requested') current = { label: 'waiting for its turn', since: Date.parse(event.at) }
      else if (event.kind === 'run.started' || event.kind === 'run.ended') current = undefined
      else if (event.kind === 'stage.started' && data !== undefined) {
        current = { label: `${data.stage}${data.attempt > 1 ? ` (attempt ${data.attempt})` : ''}`, since: Date.now() }
        said = ''
      } else if (event.kind === 'stage.finished' && data !== undefined) {
        current = undefined
        keep(line(paint.green('✓'), data.stage, data.milliseconds, data.summary ?? ''))
      } else if (event.kind === 'stage.failed' && data !== undefined) {
        current = undefined
        keep(line(paint.red('✗'), data.stage, undefined, data.message ?? ''))
      } else if (event.kind.startsWith('drop.')) {
        keep(`${paint.dim(event.kind === 'drop.ingested' ? '+' : '!')} ${cut(event.text, terminal.width - 2)}`)
      }
      draw()
    },
    tell: (line) => {
      // Between the attempts stand lines of the log's own.
      said = line.startsWith('===') ? '' : stripVTControlCharacters(line).replaceAll(/\p{Cc}/gu, ' ').trim()
      draw()
    },
    end: () => {
      clearInterval(timer)
      current = undefined
      clear()
    },
  }
}
