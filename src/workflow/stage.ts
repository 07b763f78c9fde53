import type { Static, TSchema } from 'typebox'
import type { Transaction } from '../database/schema.js'

/** One try at a stage. */
export interface Attempt {
  readonly run: string
  readonly stage: string
  /** Counts from 1 over the whole life of the run, restarts included. */
  readonly number: number
  /** `<state>/<run>/<stage>/<number>`: marks every process that the attempt starts. */
  readonly token: string
  /** Aborts when the run is cancelled or the program stops. */
  readonly signal: AbortSignal
}

/** The changes that make a stage's result true; they run in the transaction that finishes the stage. */
export type Commit<T> = (transaction: Transaction) => Promise<T>

/** The end of a stage that changes nothing in the database besides being finished. */
export interface Done<T> {
  readonly result: T
}

/**
 * Does the work of a stage outside any transaction and returns its commit, or its result if there is nothing to commit. A body starts at least once, so whatever
 * it does is idempotent; only its commit happens exactly once.
 */
export type StageBody<T> = (attempt: Attempt) => Promise<Commit<T> | Done<T>>

export interface StageOptions {
  /** How often the stage is tried when it fails for no fault of the user's; default 1. */
  readonly tries?: number
}

/** Runs a stage unless it has finished, and gives its result, decoded by `result`. */
export type Stage = <S extends TSchema>(name: string, result: S, body: StageBody<Static<S>>, options?: StageOptions) => Promise<Static<S>>

/** The run was asked to end. */
export class RunCancelled extends Error {
  override readonly name = 'RunCancelled'
}

/** The program is stopping; the run goes on at its next start. */
export class ProgramStopping extends Error {
  override readonly name = 'ProgramStopping'
}
