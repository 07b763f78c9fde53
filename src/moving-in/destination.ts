import type { ArtifactPath } from '../tracking/artifact-path.js'
import type { Entry } from '../tracking/entries.js'
import type { ImportState } from '../tracking/imported.js'
import { DownloadUriAnswer, Imported, ImportedModel, ImportedVersion, Nothing, RegisteredModelAnswer } from './answers.js'
import type { Server } from './exchange.js'
import { sizesIn } from './files.js'
import { ask, tell, withQuery } from './messages.js'

const API = '/api/2.0/mlflow'
const IMPORTS = `${API}/refit/imports`

/** What is told to Refit. All of it may be told again and changes nothing then. What is not taken throws NotTaken. */
export interface Destination {
  readonly server: Server
  importRun(message: object): Promise<{ readonly state: ImportState; readonly uri: string }>
  finishRun(message: object): Promise<void>
  importLoggedModel(message: object): Promise<{ readonly state: ImportState; readonly uri: string }>
  finishLoggedModel(message: object): Promise<void>
  /** The name that a model has here; undefined: another one has it. */
  importModel(message: object): Promise<{ readonly name: string | undefined; readonly isNew: boolean; readonly isOfLifecycle: boolean }>
  importVersion(message: object): Promise<'made' | 'present' | 'other'>
  logBatch(run: string, batch: { readonly metrics?: readonly object[]; readonly params?: readonly Entry[]; readonly tags?: readonly Entry[] }): Promise<void>
  logInputs(run: string, datasets: readonly object[], models: readonly object[]): Promise<void>
  logOutputs(run: string, models: readonly object[]): Promise<void>
  /** Aliases of a model here, with the numbers of their versions. */
  aliases(name: string): Promise<ReadonlyMap<string, number>>
  setAlias(name: string, alias: string, number: number): Promise<void>
  /** Where the files of a version lie. */
  location(name: string, number: number): Promise<string>
  sizesIn(folder: ArtifactPath): Promise<ReadonlyMap<string, number>>
}

export function openDestination(server: Server, signal: AbortSignal): Destination {
  const send = async (path: string, what: string, message: object): Promise<void> => {
    await tell(server, path, what, message, Nothing, signal)
  }
  const imported = async (path: string, what: string, message: object): Promise<{ readonly state: ImportState; readonly uri: string }> => {
    const { state, artifact_uri: uri } = await tell(server, `${IMPORTS}/${path}`, what, message, Imported, signal)
    return { state, uri }
  }
  return {
    server,
    importRun: (message) => imported('runs', 'a run', message),
    finishRun: (message) => send(`${IMPORTS}/runs/finish`, 'the end of a run', message),
    importLoggedModel: (message) => imported('logged-models', 'a logged model', message),
    finishLoggedModel: (message) => send(`${IMPORTS}/logged-models/finish`, 'the end of a logged model', message),
    importModel: async (message) => {
      const { name, is_new: isNew, of_lifecycle: isOfLifecycle } = await tell(server, `${IMPORTS}/registered-models`, 'a registered model', message, ImportedModel, signal)
      return { name, isNew, isOfLifecycle }
    },
    importVersion: async (message) => (await tell(server, `${IMPORTS}/model-versions`, 'a version', message, ImportedVersion, signal)).state,
    logBatch: (run, batch) => send(`${API}/runs/log-batch`, `what was logged of run ${run}`, { run_id: run, ...batch }),
    logInputs: (run, datasets, models) => send(`${API}/runs/log-inputs`, `what run ${run} has read`, { run_id: run, datasets, models }),
    logOutputs: (run, models) => send(`${API}/runs/outputs`, `what run ${run} has made`, { run_id: run, models }),
    aliases: async (name) => {
      const path = withQuery(`${API}/registered-models/get`, { name })
      const { registered_model: model } = await ask(server, { method: 'GET', path, what: `the registered model ${name}` }, RegisteredModelAnswer, signal)
      return new Map((model.aliases ?? []).map(({ alias, version }) => [alias, Number(version)]))
    },
    setAlias: (name, alias, number) => send(`${API}/registered-models/alias`, `the alias ${alias} of ${name}`, { name, alias, version: String(number) }),
    location: async (name, number) => {
      const path = withQuery(`${API}/model-versions/get-download-uri`, { name, version: number })
      return (await ask(server, { method: 'GET', path, what: `where version ${number} of ${name} lies` }, DownloadUriAnswer, signal)).artifact_uri ?? ''
    },
    sizesIn: (folder) => sizesIn(server, folder, signal),
  }
}
