import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../clock.js'
import { startHintedLoop } from '../hinted-loop.js'
import { headOf, lineOf, type LoggedAnswer, type LogSettings, type SpoolHead } from './logged-answer.js'
import { createPredictionIds } from './prediction-id.js'
import { SpoolFull, type Spool } from './spool.js'

/** Why rows were not logged that were to be: too many waited to be written; too much waits on the disk; the disk refused them; a row is longer than any that is kept. */
export const LOSSES = ['buffer-full', 'disk-full', 'not-written', 'too-long'] as const
export type Loss = (typeof LOSSES)[number]

export interface RecorderOptions {
  /** With which ids are made. */
  readonly key: Buffer
  /** Models that are logged, by name. */
  readonly models: Readonly<Record<string, LogSettings>>
  readonly spool: Spool
  readonly clock: Clock
  readonly logged: (model: string, rows: number) => void
  readonly lost: (model: string, rows: number, why: Loss) => void
  readonly log: { warn(message: string): void }
}

/** Gives answers their ids, and keeps what is logged of them. */
export interface Recorder {
  /** Gives the id. What is to be logged is held in memory until it is written: nobody waits for that, and it fails nobody. */
  record(answer: Omit<LoggedAnswer, 'id' | 'at'>): string
  /** Writes everything that is held. */
  stop(): Promise<void>
}

/** What is held in memory is written so often: so much a process that is killed loses, and the time that writing takes. */
export const WRITE_EVERY_MS = 1000
const MOST_ROWS_HELD = 20_000
const MOST_BYTES_HELD = 32 * 1024 * 1024
/** Rows that are written as text without a pause; requests are answered in between. */
const ROWS_A_TURN = 100
const LINES_AT_ONCE_BYTES = 1024 * 1024
/** Whoever reads the file keeps room for a few of the longest, characters. */
const LONGEST_LINE = 1_000_000

interface Held {
  readonly answer: LoggedAnswer
  readonly head: SpoolHead
  readonly bytes: number
}

export function startRecorder({ key, models, spool, clock, logged, lost, log }: RecorderOptions): Recorder {
  const idOf = createPredictionIds(key)
  let held: Held[] = []
  let rowsHeld = 0
  let bytesHeld = 0
  let failing = false
  // Whoever watches for a rise has to see where it begins.
  for (const model of Object.keys(models)) {
    logged(model, 0)
    for (const why of LOSSES) lost(model, 0, why)
  }

  const hold = (answer: LoggedAnswer, { columns }: LogSettings): void => {
    const head = headOf(answer, columns)
    const bytes = bytesOf(answer, head)
    if (rowsHeld + answer.rows > MOST_ROWS_HELD || bytesHeld + bytes > MOST_BYTES_HELD) return lost(answer.model, answer.rows, 'buffer-full')
    // The other features would be held beyond what is counted.
    held.push({ answer: { ...answer, features: keptOf(answer.features, head) }, head, bytes })
    rowsHeld += answer.rows
    bytesHeld += bytes
  }

  const append = async (head: SpoolHead, lines: readonly string[]): Promise<void> => {
    if (lines.length === 0) return
    try {
      await spool.append(head, `${lines.join('\n')}\n`)
      logged(head.model, lines.length)
      failing = false
    } catch (error) {
      lost(head.model, lines.length, error instanceof SpoolFull ? 'disk-full' : 'not-written')
      if (!failing) log.warn(`predictions cannot be logged now: ${error instanceof Error ? error.message : String(error)}`)
      failing = true
    }
  }

  const writeAll = async (): Promise<void> => {
    const taken = held
    held = []
    let written = 0
    for (const { head, answers } of byHead(taken)) {
      let lines: string[] = []
      let bytes = 0
      for (const { answer, bytes: size } of answers) {
        for (let row = 0; row < answer.rows; row += 1) {
          const line = lineOf(answer, row, head)
          written += 1
          if (written % ROWS_A_TURN === 0) await nextTurn()
          if (line.length > LONGEST_LINE) {
            lost(head.model, 1, 'too-long')
            continue
          }
          lines.push(line)
          bytes += line.length
          if (bytes < LINES_AT_ONCE_BYTES) continue
          await append(head, lines)
          lines = []
          bytes = 0
        }
        // It is held until it is text: that is what the bound is about.
        rowsHeld -= answer.rows
        bytesHeld -= size
      }
      await append(head, lines)
    }
  }

  const loop = startHintedLoop(clock, async () => {
    await writeAll()
    await spool.closeRipe().catch((error: unknown) => log.warn(`a file of logged predictions could not be closed: ${String(error)}`))
    return WRITE_EVERY_MS
  })
  return {
    record: (answered) => {
      const { model, version, generation, side, rows } = answered
      const settings = Object.hasOwn(models, model) ? models[model] : undefined
      const at = clock.now()
      const { id, sampled } = idOf({ model, version, generation, side, at, rows }, settings?.share ?? 0)
      if (sampled && settings !== undefined) hold({ ...answered, id, at }, settings)
      return id
    },
    stop: async () => {
      await loop.stop()
      await writeAll()
      await spool.close().catch((error: unknown) => log.warn(`a file of logged predictions could not be closed: ${String(error)}`))
    },
  }
}

function keptOf(features: LoggedAnswer['features'], { columns }: SpoolHead): LoggedAnswer['features'] {
  return Object.fromEntries(columns.map(({ name }) => [name, features[name] ?? []]))
}

/** What an answer takes up while it is held, bytes, roughly. */
function bytesOf({ features, keys, rows }: LoggedAnswer, { columns, classes }: SpoolHead): number {
  let bytes = rows * 16 * (columns.length + classes.length + 1)
  for (const { name, type } of columns) if (type === 'category') for (const value of features[name] ?? []) if (typeof value === 'string') bytes += value.length * 2
  for (const rowKey of keys ?? []) bytes += rowKey.length * 2
  return bytes
}

/** Answers whose rows come into one file. */
function byHead(held: readonly Held[]): readonly { readonly head: SpoolHead; readonly answers: readonly Held[] }[] {
  const groups = new Map<string, { readonly head: SpoolHead; readonly answers: Held[] }>()
  for (const each of held) {
    const name = `${each.head.model} ${each.head.version}`
    const group = groups.get(name) ?? { head: each.head, answers: [] }
    group.answers.push(each)
    groups.set(name, group)
  }
  return [...groups.values()]
}
