import { createHash, randomBytes } from 'node:crypto'
import { pathInStore, type ArtifactPath } from './artifact-path.js'
import type { TrainingRun } from './training-runs.js'

/** What a training may reach with its token, and what it has made so far. */
export interface TrainingScope {
  /** As the event log names it. */
  readonly actor: string
  /** Of the lifecycle: the model, its run and the stage that trains. */
  readonly model: string
  readonly run: string
  readonly stage: string
  /** Its experiment, whose runs it may read, and where these keep their files; undefined: elsewhere. */
  readonly experiment: string
  readonly experimentRoot: ArtifactPath | undefined
  /** The run that it was given. */
  readonly ownRun: string
  /** The runs and logged models that it may write to: those that it was given or has made, with the folders of their files. */
  readonly runs: ReadonlySet<string>
  readonly models: ReadonlySet<string>
  readonly folders: ReadonlySet<ArtifactPath>
}

/** The tokens of the trainings under way. They live in memory: a training does not outlive the process that has started it. */
export interface TrainingTokens {
  /** Lends a token for a run that was opened for a training. */
  lend(training: Pick<TrainingScope, 'actor' | 'model' | 'run' | 'stage'>, opened: TrainingRun): TrainingLoan
  isOne(secret: string): boolean
  actorOf(secret: string): string | undefined
  /** Of whoever shows a token; undefined: it has been taken back. */
  scopeOf(secret: string): TrainingScope | undefined
  /** Whether a run was given to a training that is under way, or made by it. */
  hasUnderWay(run: string): boolean
  /** Notes what a training has made, so that it may write to it. */
  noteRun(scope: TrainingScope, run: string, artifactUri: string): void
  noteModel(scope: TrainingScope, model: string, artifactUri: string): void
}

export interface TrainingLoan {
  readonly secret: string
  readonly scope: TrainingScope
  /** From now on the secret is of no use. */
  takeBack(): void
}

/** Tells them from tokens of people, so that one that was taken back is refused even where nobody else needs any. */
const PREFIX = 'refit-training-'
const SECRET_BYTES = 32

interface Growing extends TrainingScope {
  readonly runs: Set<string>
  readonly models: Set<string>
  readonly folders: Set<ArtifactPath>
}

export function createTrainingTokens(): TrainingTokens {
  // By the hash of the secret, so that how long a search takes tells nothing of it.
  const lent = new Map<string, Growing>()
  const find = (secret: string): Growing | undefined => lent.get(hashOf(secret))
  const note = (folders: Set<ArtifactPath>, uri: string): void => {
    const folder = pathInStore(uri)
    if (folder !== undefined && folder !== '') folders.add(folder)
  }
  const growing = ({ actor }: TrainingScope): Growing | undefined => [...lent.values()].find((scope) => scope.actor === actor)
  return {
    lend: (training, { id, experiment, experimentLocation, artifactUri }) => {
      const secret = `${PREFIX}${randomBytes(SECRET_BYTES).toString('base64url')}`
      const root = pathInStore(experimentLocation)
      const scope: Growing = { ...training, experiment, experimentRoot: root === '' ? undefined : root, ownRun: id, runs: new Set([id]), models: new Set(), folders: new Set() }
      note(scope.folders, artifactUri)
      lent.set(hashOf(secret), scope)
      return { secret, scope, takeBack: () => void lent.delete(hashOf(secret)) }
    },
    isOne: (secret) => secret.startsWith(PREFIX),
    actorOf: (secret) => find(secret)?.actor,
    scopeOf: find,
    hasUnderWay: (run) => [...lent.values()].some(({ runs }) => runs.has(run)),
    noteRun: (scope, run, artifactUri) => {
      const found = growing(scope)
      found?.runs.add(run)
      if (found !== undefined) note(found.folders, artifactUri)
    },
    noteModel: (scope, model, artifactUri) => {
      const found = growing(scope)
      found?.models.add(model)
      if (found !== undefined) note(found.folders, artifactUri)
    },
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
