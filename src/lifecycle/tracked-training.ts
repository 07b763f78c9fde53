import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { throughOutages } from '../database/outage.js'
import { refitError } from '../errors.js'
import { endTrainingRun, openTrainingRun, type TrainingRun } from '../tracking/training-runs.js'
import { trainedModels, type TrainedModel } from '../tracking/trained-models.js'
import type { TrainingLoan } from '../tracking/training-tokens.js'
import type { Attempt } from '../workflow/stage.js'
import { fetchLoggedModel } from './fetch-logged-model.js'
import type { LifecycleRun, Rooms } from './run.js'

/** A training that may log to its run of MLflow's API. */
export interface TrackedTraining {
  /** By which MLflow's client finds its run. */
  readonly environment: Readonly<Record<string, string>>
  /** Of the run. */
  readonly id: string
  /** Its program has ended: from now on its token is of no use. */
  close(): void
  /**
   * Brings the model that it has logged into a folder of the attempt and returns that; undefined: it has logged none.
   * @throws RefitError `candidate-ambiguous`, `candidate-missing`, `candidate-elsewhere`, `package-unfit`
   */
  fetchModel(attemptFolder: string, chosen: string | undefined): Promise<FetchedModel | undefined>
  /** Says how it has ended, also where its program was never begun. */
  end(status: 'FINISHED' | 'FAILED' | 'KILLED'): Promise<void>
}

export interface FetchedModel {
  readonly name: string
  readonly folder: string
}

const TRACKING_URI = 'MLFLOW_TRACKING_URI'

/** Opens the run of a training. Undefined where there is no API to log to, or the program logs to a server of its own. */
export async function openTracking(rooms: Rooms, run: LifecycleRun, own: Readonly<Record<string, string>>, attempt: Attempt): Promise<TrackedTraining | undefined> {
  const { tracking, database, clock } = rooms
  // Ids of ours mean nothing to another server, and our token is none of its business.
  if (tracking === undefined || own[TRACKING_URI] !== undefined) return undefined
  const training = { model: run.model, run: run.id, stage: attempt.stage }
  const opened = await throughOutages(() => openTrainingRun(database, clock, training), clock, attempt.signal)
  const loan = tracking.tokens.lend({ ...training, actor: `training:${run.id}/${attempt.stage}/${attempt.number}` }, opened)
  return {
    environment: variables(tracking.url, opened, loan),
    id: opened.id,
    close: loan.takeBack,
    fetchModel: async (attemptFolder, chosen) => {
      const found = chosenOf(await trainedModels(database, loan.scope), chosen)
      if (found === undefined) return undefined
      const folder = join(attemptFolder, 'logged')
      await mkdir(folder)
      await fetchLoggedModel(rooms, found, folder)
      return { name: found.name, folder }
    },
    end: (status) => {
      loan.takeBack()
      return throughOutages(() => endTrainingRun(database, clock, training, status), clock, status === 'KILLED' ? attempt.signal : undefined)
    },
  }
}

function variables(url: string, { id, experiment }: TrainingRun, { secret }: TrainingLoan): Record<string, string> {
  return { [TRACKING_URI]: url, MLFLOW_TRACKING_TOKEN: secret, MLFLOW_RUN_ID: id, MLFLOW_EXPERIMENT_ID: experiment }
}

function chosenOf(models: readonly TrainedModel[], chosen: string | undefined): TrainedModel | undefined {
  const named = chosen === undefined ? models : models.filter(({ name }) => name === chosen)
  const [found, other] = named
  if (other !== undefined) throw refitError('candidate-ambiguous', { found: `it logged ${namesOf(named, ' and ')}` })
  if (found === undefined && chosen !== undefined) throw refitError('candidate-missing', { name: chosen, found: models.length === 0 ? 'none' : namesOf(models, ', ') })
  return found
}

function namesOf(models: readonly TrainedModel[], between: string): string {
  return models.map(({ name }) => `"${name}"`).join(between)
}
