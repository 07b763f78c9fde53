import type { ScoringProgress } from '../roles/score-file.js'
import { count, duration } from './figures.js'
import { spinnerFrame } from './spinner.js'
import { cut, type Terminal } from './terminal.js'

const FRAME_MS = 100
/** Where nobody watches, a line is written no more often. */
const QUIET_MS = 10_000

/** Shows how far a file is: one line that is rewritten on a terminal, a remark now and then else, nothing with --json. */
export interface ScoringLine {
  show(progress: ScoringProgress): void
  /** Clears what is not meant to stay. */
  end(): void
}

export function startScoringLine(terminal: Terminal): ScoringLine {
  if (terminal.json) return { show: () => undefined, end: () => undefined }
  return terminal.interactive ? rewrittenLine(terminal) : remarks(terminal)
}

function remarks(terminal: Terminal): ScoringLine {
  let told = Date.now()
  return {
    show: (progress) => {
      if (Date.now() - told < QUIET_MS) return
      told = Date.now()
      terminal.note(wordsOf(progress))
    },
    end: () => undefined,
  }
}

function rewrittenLine(terminal: Terminal): ScoringLine {
  const since = Date.now()
  let frame = 0
  let words = 'starting'
  const clear = (): void => terminal.write('\r\u001b[2K')
  const timer = setInterval(() => {
    frame += 1
    clear()
    terminal.write(`${terminal.paint.cyan(spinnerFrame(frame))}${cut(` ${words}  ${duration(Date.now() - since)}`, terminal.width - 2)}`)
  }, FRAME_MS)
  return {
    show: (progress) => {
      words = wordsOf(progress)
    },
    end: () => {
      clearInterval(timer)
      clear()
    },
  }
}

function wordsOf({ phase, done, of }: ScoringProgress): string {
  switch (phase) {
    case 'reading':
      return 'reading the rows'
    case 'scoring':
      return `scoring  ${count(done)} of ${count(of)} rows${of === 0 ? '' : `, ${Math.floor((100 * done) / of)} %`}`
    case 'writing':
      return `writing ${count(of)} rows`
  }
}
