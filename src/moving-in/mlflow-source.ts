import { refitError } from '../errors.js'
import {
  DownloadUriAnswer, ExperimentAnswer, HistoryAnswer, LoggedModelAnswer, ModelVersionsAnswer, RegisteredModelAnswer, RegisteredModelsAnswer, RunAnswer, type Experiment, type LoggedModel, type ModelVersion, type Point, type RegisteredModel, type Run,
} from './answers.js'
import type { Server } from './exchange.js'
import { ask, askWhether, unexpected, withQuery } from './messages.js'
import { plain } from './plain.js'
import { isPrompt } from './prompts.js'

const API = '/api/2.0/mlflow'
/** What servers of every release give at once. */
const MODELS_PAGE = 100
const VERSIONS_PAGE = 1000
const POINTS_PAGE = 25_000
/** More are no history and no registry but a server that goes on for ever. */
const MOST_PAGES = 20_000
const MOST_MODELS = 100_000
const MOST_VERSIONS = 1_000_000
/** Of what is registered, as many are named to whoever has asked for something else. */
const MOST_NAMES = 10
const MODELS = 'the list of registered models'

/** What is asked of the server that is moved from. Everything is read, nothing is changed there. */
export interface MlflowSource {
  readonly server: Server
  /** All registered models, without prompts. */
  models(): AsyncGenerator<RegisteredModel>
  /** @throws RefitError `import-model-missing` where there is none of that name */
  model(name: string): Promise<RegisteredModel>
  /** Versions by their numbers, each once. */
  versions(name: string): Promise<readonly ModelVersion[]>
  /** Where the files of a version lie; undefined where the server does not tell. */
  downloadUri(name: string, number: number): Promise<string | undefined>
  /** Undefined: it is gone for good. */
  run(id: string): Promise<Run | undefined>
  history(run: string, key: string): AsyncGenerator<readonly Point[]>
  experiment(id: string): Promise<Experiment | undefined>
  /** Also one that is deleted, and whether it is; undefined: it is gone, or the server knows of no logged models. */
  loggedModel(id: string): Promise<{ readonly model: LoggedModel; readonly isDeleted: boolean } | undefined>
}

export function openSource(server: Server, signal: AbortSignal): MlflowSource {
  const get = (path: string, query: Readonly<Record<string, string | number | boolean | undefined>>, what: string) => ({ method: 'GET', path: withQuery(`${API}${path}`, query), what }) as const
  const pages = async function* <Page extends { readonly next_page_token?: string }>(what: string, page: (token: string | undefined) => Promise<Page>): AsyncGenerator<Page> {
    const tokens = new Set<string>()
    let token: string | undefined
    do {
      const answer = await page(token)
      yield answer
      token = answer.next_page_token === '' ? undefined : answer.next_page_token
      if (token !== undefined && (tokens.has(token) || tokens.size > MOST_PAGES)) throw unexpected(server, what, 'its pages have no end')
      tokens.add(token ?? '')
    } while (token !== undefined)
  }
  /** Names of what is registered, for whoever has mistyped one. */
  const someNames = async (): Promise<string> => {
    const { registered_models: found = [] } = await ask(server, get('/registered-models/search', { max_results: MODELS_PAGE }, MODELS), RegisteredModelsAnswer, signal)
    const names = found.filter((model) => !isPrompt(model)).map(({ name }) => plain(name))
    return names.length === 0 ? 'none' : `${names.slice(0, MOST_NAMES).join(', ')}${names.length > MOST_NAMES ? ', …' : ''}`
  }
  return {
    server,
    models: async function* () {
      const what = MODELS
      let count = 0
      for await (const page of pages(what, (token) => ask(server, get('/registered-models/search', { max_results: MODELS_PAGE, page_token: token }, what), RegisteredModelsAnswer, signal))) {
        yield* page.registered_models ?? []
        count += page.registered_models?.length ?? 0
        if (count > MOST_MODELS) throw unexpected(server, what, `there are more than ${MOST_MODELS}`)
      }
    },
    model: async (name) => {
      const answer = await askWhether(server, get('/registered-models/get', { name }, `the registered model ${name}`), RegisteredModelAnswer, signal)
      if (answer === undefined) throw refitError('import-model-missing', { server: server.called, name: plain(name), models: await someNames() })
      const { registered_model: model } = answer
      if (model.name !== name) throw unexpected(server, `the registered model ${name}`, `it is called ${model.name}`)
      return model
    },
    versions: async (name) => {
      const what = `the versions of ${name}`
      const found = new Map<number, ModelVersion>()
      for await (const page of pages(what, (token) => ask(server, get('/model-versions/search', { filter: `name = ${quoted(name)}`, max_results: VERSIONS_PAGE, page_token: token }, what), ModelVersionsAnswer, signal))) {
        for (const version of page.model_versions ?? []) {
          const number = Number(version.version)
          // `=` may pass over upper and lower case, where a database does.
          if (version.name === name && Number.isSafeInteger(number) && number > 0) found.set(number, version)
        }
        if (found.size > MOST_VERSIONS) throw unexpected(server, what, `there are more than ${MOST_VERSIONS}`)
      }
      return [...found].toSorted(([one], [other]) => one - other).map(([, version]) => version)
    },
    downloadUri: async (name, number) => (await askWhether(server, get('/model-versions/get-download-uri', { name, version: number }, `where version ${number} of ${name} lies`), DownloadUriAnswer, signal))?.artifact_uri,
    run: async (id) => {
      const answer = await askWhether(server, get('/runs/get', { run_id: id }, `run ${id}`), RunAnswer, signal)
      if (answer !== undefined && answer.run.info.run_id !== id) throw unexpected(server, `run ${id}`, `it is ${answer.run.info.run_id}`)
      return answer?.run
    },
    history: async function* (run, key) {
      const what = `the history of ${key} of run ${run}`
      for await (const page of pages(what, (token) => ask(server, get('/metrics/get-history', { run_id: run, metric_key: key, max_results: POINTS_PAGE, page_token: token }, what), HistoryAnswer, signal))) yield (page.metrics ?? []).filter((point) => point.key === key)
    },
    experiment: async (id) => (await askWhether(server, get('/experiments/get', { experiment_id: id }, `experiment ${id}`), ExperimentAnswer, signal))?.experiment,
    loggedModel: async (id) => {
      const path = `/logged-models/${encodeURIComponent(id)}`
      const what = `the logged model ${id}`
      const alive = await askWhether(server, get(path, {}, what), LoggedModelAnswer, signal)
      const answer = alive ?? (await askWhether(server, get(path, { allow_deleted: true }, what), LoggedModelAnswer, signal))
      if (answer !== undefined && answer.model.info.model_id !== id) throw unexpected(server, what, `it is ${answer.model.info.model_id}`)
      return answer === undefined ? undefined : { model: answer.model, isDeleted: alive === undefined }
    },
  }
}

/** A text in a filter. MLflow has no escapes: what has both kinds of quotes cannot be asked for. */
function quoted(text: string): string {
  return text.includes("'") ? `"${text}"` : `'${text}'`
}
