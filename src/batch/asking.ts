import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Predictor } from '../predictors/predictor.js'

/**
 * What a scoring child asks its model at the moment, written down before it does: while a model keeps the child, nobody but its
 * parent can look at the clock.
 */
export interface Asking {
  /** Number of the question: another one is another question, however alike. */
  readonly question: number
  /** Rows of the file, from 1; from 0 while the model is loaded. */
  readonly from: number
  readonly to: number
}

const FILE = 'asking'
/** Each note is written over the one before. */
const WIDTH = 60

/** Notes of one child. */
export interface AskingNotes {
  /** The model is loaded. */
  loading<T>(load: () => Promise<T>): Promise<T>
  /** A predictor that notes whatever it is asked as about these rows. */
  about(predictor: Predictor, from: number, to: number): Predictor
  close(): Promise<void>
}

export async function openAskingNotes(workFolder: string): Promise<AskingNotes> {
  const file = await open(join(workFolder, FILE), 'w')
  let questions = 0
  const noted = async <T>(from: number, to: number, ask: () => Promise<T>): Promise<T> => {
    await file.write(`${++questions} ${from} ${to}`.padEnd(WIDTH), 0)
    try {
      return await ask()
    } finally {
      await file.write(' '.repeat(WIDTH), 0)
    }
  }
  return {
    loading: (load) => noted(0, 0, load),
    about: ({ predict, close }, from, to) => ({ predict: (batch) => noted(from, to, () => predict(batch)), close }),
    close: () => file.close(),
  }
}

/** What is asked at the moment, if anything. */
export async function readAsking(workFolder: string): Promise<Asking | undefined> {
  const text = await readFile(join(workFolder, FILE), 'utf8').catch(() => '')
  const [question = Number.NaN, from = Number.NaN, to = Number.NaN] = text.trim().split(' ').map(Number)
  return text.trim() === '' || Number.isNaN(question + from + to) ? undefined : { question, from, to }
}

/** Before a child begins: what a former one asked is asked no more. */
export async function forgetAsking(workFolder: string): Promise<void> {
  await rm(join(workFolder, FILE), { force: true })
}
