import type { Duration } from './measures.js'
import type { EvaluatedModel } from './model.js'
import type { NotificationTarget } from './notify.js'

/** Where control and serving listen. */
export interface Server {
  /** Default 7700. */
  readonly controlPort?: number
  /** Default 7800. */
  readonly servingPort?: number
  /** Processes that answer at that port; default 1. */
  readonly servingProcesses?: number
  /** A request for predictions is answered within so long, or fails; default '30 seconds'. */
  readonly answerWithin?: Duration
  /** Default 127.0.0.1. Any other address needs tokens. */
  readonly bind?: string
  /** Further names under which the servers are addressed. */
  readonly hosts?: readonly string[]
  /** Web origins whose pages may call. */
  readonly origins?: readonly string[]
  /** The model for which `/invocations` and `/ping` of the endpoint speak; default: the only one. */
  readonly invocations?: string
}

/** A bucket for the objects of a project: raw drops, parts and models. */
export interface S3Objects {
  /** E.g. `s3://models/refit`. */
  readonly s3: string
  /** Address of an S3-compatible server; default AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or AWS. */
  readonly endpoint?: string
  readonly region?: string
  /** Whether the bucket stands in the path; default where an endpoint is named. */
  readonly pathStyle?: boolean
  /** Default: the environment, the profile, or the role of the machine. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
  /** Megabytes that copies on local disk may take; default 20,000. */
  readonly cache?: number
}

/** What of a model may differ in an environment: where its data comes from, and how it runs. What is left out is as in the project. */
export type ModelInEnvironment = Partial<Pick<EvaluatedModel, 'source' | 'format' | 'contract' | 'approval' | 'deploy' | 'triggers' | 'limits' | 'dialect' | 'predictionLog'>>

/** What stands in place of the project's own values in one environment; of `server` and `limits` each option by itself. */
export interface Environment<Names extends string = string> {
  readonly database?: string
  readonly objects?: string | S3Objects
  readonly notify?: readonly NotificationTarget[]
  readonly server?: Server
  readonly models?: Readonly<Partial<Record<Names, ModelInEnvironment>>>
}

/** A project: its models, and how it runs. */
export interface ProjectDefinition<Names extends string = string> {
  readonly models: Readonly<Record<Names, EvaluatedModel>>
  /** A PostgreSQL connection string; default: a server of the project's own. */
  readonly database?: string
  /** Where raw drops, parts and models are kept, e.g. `s3://models/refit`; default: in `.refit`. */
  readonly objects?: string | S3Objects
  /** Who is told of what needs a person; default: nobody. */
  readonly notify?: readonly NotificationTarget[]
  readonly server?: Server
  /** The same project at other places, such as `production`; `refit --environment <name>` chooses one. */
  readonly environments?: Readonly<Record<string, Environment<NoInfer<Names>>>>
}

/** Defines a project: the default export of refit.config.ts. */
export function defineProject<const Names extends string>(definition: ProjectDefinition<Names>): ProjectDefinition<Names> {
  return definition
}
