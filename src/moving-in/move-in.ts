import { requireAnotherServer } from './another-server.js'
import type { ModelVersion, RegisteredModel } from './answers.js'
import { bringModel, type BroughtModel } from './bring-model.js'
import { openDestination } from './destination.js'
import type { Server } from './exchange.js'
import { openSource } from './mlflow-source.js'
import type { Move } from './move.js'
import { plain } from './plain.js'
import { isPrompt } from './prompts.js'
import { openTally, type Tally } from './tally.js'

export interface MoveRequest {
  readonly from: Server
  /** Refit. */
  readonly to: Server
  /** Only this registered model; undefined: all. */
  readonly model: string | undefined
  /** The name that it is to have here; undefined: the same one. */
  readonly as: string | undefined
}

/** How far it is. */
export interface MoveProgress {
  /** Versions that were looked at, of all that there are; undefined while they are being counted. */
  readonly done: number
  readonly of: number | undefined
  /** What is being brought at the moment. */
  readonly at: string
  readonly tally: Tally
}

export interface Moved {
  readonly models: readonly BroughtModel[]
  readonly tally: Tally
}

interface Found {
  readonly model: RegisteredModel
  readonly versions: readonly ModelVersion[]
}

/**
 * Brings registered models of an MLflow server with their versions, aliases, runs and files. Whatever ends it, the same request
 * goes on where it was: what is here already, as it is there, is passed over.
 * @throws RefitError `import-from-itself`, `import-into-other`, `import-model-missing`, `import-server-away`, `import-server-refused`,
 * `import-access-refused`, `import-answer-unexpected`
 */
export async function moveIn({ from, to, model, as }: MoveRequest, told: (progress: MoveProgress) => void, signal: AbortSignal): Promise<Moved> {
  const tally = openTally()
  let done = 0
  let of: number | undefined
  const at = (what: string): void => told({ done, of, at: plain(what), tally })
  const move: Move = {
    source: openSource(from, signal),
    destination: openDestination(to, signal),
    tally,
    seen: { runs: new Map(), loggedModels: new Map(), experiments: new Map(), folders: new Map() },
    at,
    signal,
  }
  await requireAnotherServer(from, to, signal)
  const found = await survey(move, model)
  of = found.reduce((sum, { versions }) => sum + versions.length, 0)
  const models: BroughtModel[] = []
  for (const { model: each, versions } of found) {
    const brought = await bringModel(move, each, versions, as ?? each.name, () => {
      done += 1
      at(each.name)
    })
    if (brought !== undefined) models.push(brought)
  }
  return { models, tally }
}

/** What there is to bring. */
async function survey(move: Move, wanted: string | undefined): Promise<readonly Found[]> {
  const { source, tally, at } = move
  const found: Found[] = []
  const look = async (model: RegisteredModel): Promise<void> => {
    at(model.name)
    if (isPrompt(model)) tally.leave(`prompt ${model.name}`, 'prompts are not brought')
    else if (model.name.includes("'") && model.name.includes('"')) tally.leave(`model ${model.name}`, 'a server cannot be asked for the versions of a name with both kinds of quotes')
    else found.push({ model, versions: await source.versions(model.name) })
  }
  if (wanted === undefined) {
    for await (const model of source.models()) await look(model)
  } else await look(await source.model(wanted))
  return found
}
