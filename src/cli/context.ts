import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { NO_ENVIRONMENT } from '../define/environments.js'
import { RefitError, refitError } from '../errors.js'
import { authorization, createClient, type Client } from './client.js'
import { findProject } from '../roles/project-file.js'
import { knownStateFolder } from '../roles/evaluate-project.js'
import { readProcessNote } from '../roles/state.js'
import { openTerminal, type Terminal } from './terminal.js'

const DEFAULT_URL = 'http://127.0.0.1:7700'

/** What a command works with. */
export interface CommandContext {
  readonly terminal: Terminal
  /** Folder of the project. @throws RefitError `project-not-found` */
  readonly project: () => string
  /** --environment, else REFIT_ENVIRONMENT; undefined: none. */
  readonly environment: string | undefined
  /** Where the state of the project, or of its environment, lies. @throws RefitError `project-not-found`, `environment-unknown` */
  readonly stateFolder: () => Promise<string>
  /** The control server: --url, else that of --environment, else REFIT_URL, else the one that runs this project. @throws RefitError `control-not-running`, `server-not-named`, `url-invalid` */
  readonly connect: () => Promise<Client>
  /** The server that runs another environment of the project, `none` of them, or that at a URL. @throws RefitError as `connect` */
  readonly connectTo: (place: string) => Promise<Client>
  /** What tells who asks, where tokens are asked for. */
  readonly authorization: Readonly<Record<string, string>>
  /** A client of the server at an address. @throws RefitError `url-invalid` */
  readonly clientAt: (url: string) => Client
}

/** Options that every command takes. */
export interface GlobalOptions {
  readonly url?: string
  readonly project?: string
  readonly environment?: string
  readonly json?: boolean
  readonly color: boolean
}

/** Makes the context of one command from its global options. */
export function contextOf(command: Command): CommandContext {
  const options = command.optsWithGlobals<GlobalOptions>()
  const project = (): string => findProject(options.project ?? process.cwd()).folder
  const environment = namedEnvironment(options.environment ?? process.env['REFIT_ENVIRONMENT'])
  const stateFolder = (): Promise<string> => knownStateFolder(project(), environment)
  const meantStateFolder = async (): Promise<string> => {
    try {
      return await stateFolder()
    } catch (error) {
      if (!(error instanceof RefitError) || error.code !== 'project-not-found') throw error
      throw refitError('server-not-named', { folder: resolve(options.project ?? process.cwd()), command: wordsOf(command) }, { cause: error })
    }
  }
  const runningIn = async (folder: string): Promise<string> => {
    const running = await readProcessNote(folder, 'control')
    if (running === undefined) throw refitError('control-not-running', { url: DEFAULT_URL })
    return running.url
  }
  const token = process.env['REFIT_TOKEN']
  const clientAt = (url: string, shown = token): Client => createClient({ url: serverAddress(url), token: shown, actor: `cli:${userName()}` })
  return {
    authorization: authorization(token),
    terminal: openTerminal({ json: options.json === true, colour: options.color }),
    project,
    environment,
    stateFolder,
    clientAt,
    connect: async () => {
      // What is said with the command stands above what was set before.
      const given = options.url ?? (options.environment === undefined ? process.env['REFIT_URL'] : undefined) ?? ''
      if (given !== '') return clientAt(given)
      return clientAt(await runningIn(await meantStateFolder()))
    },
    connectTo: async (place) => {
      const other = process.env['REFIT_FROM_TOKEN']
      // A token of ours is shown to servers of this project only.
      if (place.includes('://')) return clientAt(place, other ?? '')
      return clientAt(await runningIn(await knownStateFolder(project(), namedEnvironment(place))), other ?? token)
    },
  }
}

/** An address as those of servers are told, without a slash at its end. @throws RefitError `url-invalid` */
function serverAddress(url: string): string {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) throw refitError('url-invalid', { url: url.replace(/\/\/[^/]*@/, '//…@') })
  return url.replace(/\/+$/, '')
}

/** A command as it is typed, e.g. `import mlflow`. */
function wordsOf(command: Command): string {
  const { parent } = command
  return parent === null || parent.parent === null ? command.name() : `${wordsOf(parent)} ${command.name()}`
}

/** `none` stands for none, also where a variable names one. */
function namedEnvironment(name: string | undefined): string | undefined {
  return name === '' || name === NO_ENVIRONMENT ? undefined : name
}

/** The named model, or the project's only one. @throws RefitError `model-needed`, `not-found` */
export async function modelOrOnly(client: Client, named: string | undefined): Promise<string> {
  if (named !== undefined) return named
  const models = await client.models()
  const [only] = models
  if (only === undefined) throw refitError('not-found', { what: 'model in the project' })
  if (models.length > 1) throw refitError('model-needed', { models: models.map((model) => model.name).join(', ') })
  return only.name
}

/** The run of that id, or the newest run of the model of that name. @throws RefitError `not-found` */
export async function runOrNewest(client: Client, named: string): Promise<string> {
  const models = await client.models()
  if (!models.some((model) => model.name === named)) return named
  const { runs } = await client.runs({ model: named, limit: 1 })
  const [newest] = runs
  if (newest === undefined) throw refitError('not-found', { what: `run of model "${named}" yet` })
  return newest.id
}

function userName(): string {
  try {
    return userInfo().username.replaceAll(/[^\w.-]/g, '_')
  } catch {
    // A user id without an entry in the list of users, as in some containers.
    return String(process.getuid?.() ?? 'unknown')
  }
}
