import type { EvaluatedModel } from './model.js'

/** Where control and serving listen. */
export interface Server {
  /** Default 7700. */
  readonly controlPort?: number
  /** Default 7800. */
  readonly servingPort?: number
  /** Default 127.0.0.1. Any other address needs tokens. */
  readonly bind?: string
  /** Further names under which the servers are addressed. */
  readonly hosts?: readonly string[]
  /** Web origins whose pages may call. */
  readonly origins?: readonly string[]
}

/** A project: its models, and how it runs. */
export interface ProjectDefinition {
  readonly models: Readonly<Record<string, EvaluatedModel>>
  /** A PostgreSQL connection string; default: a server of the project's own. */
  readonly database?: string
  readonly server?: Server
}

/** Defines a project: the default export of refit.config.ts. */
export function defineProject(definition: ProjectDefinition): ProjectDefinition {
  return definition
}
