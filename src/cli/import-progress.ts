import type { MoveProgress } from '../moving-in/move-in.js'
import { count, duration, size } from './figures.js'
import { spinnerFrame } from './spinner.js'
import { cut, type Terminal } from './terminal.js'

const FRAME_MS = 100
/** Where nobody watches, a line is written no more often. */
const QUIET_MS = 10_000
const BAR = 24

/** Shows how far an import is: a bar that is rewritten on a terminal, a remark now and then else, nothing with --json. */
export interface ImportLine {
  show(progress: MoveProgress): void
  /** Clears what is not meant to stay. */
  end(): void
}

export function startImportLine(terminal: Terminal): ImportLine {
  if (terminal.json) return { show: () => undefined, end: () => undefined }
  return terminal.interactive ? bar(terminal) : remarks(terminal)
}

function remarks(terminal: Terminal): ImportLine {
  let told = Date.now()
  return {
    show: (progress) => {
      if (Date.now() - told < QUIET_MS) return
      told = Date.now()
      terminal.note(`${figures(progress)}  ${progress.at}`)
    },
    end: () => undefined,
  }
}

function bar(terminal: Terminal): ImportLine {
  const { paint } = terminal
  const since = Date.now()
  let frame = 0
  let present: MoveProgress | undefined
  const clear = (): void => terminal.write('\r\u001b[2K')
  const timer = setInterval(() => {
    frame += 1
    clear()
    const drawn = present?.of === undefined ? '' : ` ${drawnBar(present.done, present.of)}`
    const words = present === undefined ? 'asking the server' : `${figures(present)}  ${duration(Date.now() - since)}  ${present.at}`
    terminal.write(`${paint.cyan(spinnerFrame(frame))}${paint.cyan(drawn)}${cut(` ${words}`, terminal.width - drawn.length - 2)}`)
  }, FRAME_MS)
  return {
    show: (progress) => {
      present = progress
    },
    end: () => {
      clearInterval(timer)
      clear()
    },
  }
}

/** As far as versions are done. */
export function drawnBar(done: number, of: number): string {
  const full = of === 0 ? BAR : Math.floor((BAR * Math.min(done, of)) / of)
  return `${'━'.repeat(full)}${'─'.repeat(BAR - full)}`
}

function figures({ done, of, tally }: MoveProgress): string {
  if (of === undefined) return 'counting models and versions'
  const { files, bytes } = tally.brought
  return `${count(done)} of ${count(of)} versions${files === 0 ? '' : `, ${count(files)} files, ${size(bytes)}`}`
}
