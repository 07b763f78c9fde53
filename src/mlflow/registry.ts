import type { FastifyInstance, FastifyPluginCallback } from 'fastify'
import { whileConnected } from '../http/body-stream.js'
import { below, checkArtifactPath } from '../tracking/artifact-path.js'
import type { Entry } from '../tracking/entries.js'
import { versionNumber, type ModelVersion } from '../tracking/model-versions.js'
import { invalid, unsupported } from '../tracking/refusals.js'
import {
  CHAMPION_ALIAS, createRegisteredModel, deleteAlias, deleteRegisteredModel, deleteRegisteredModelTag, describeRegisteredModel, getRegisteredModel, isOfLifecycle, renameRegisteredModel, setAlias, setRegisteredModelTag, versionOfAlias, type RegisteredModel,
} from '../tracking/registered-models.js'
import { searchRegisteredModels, searchVersions } from '../tracking/search/search-registry.js'
import { createVersion, deleteVersion, deleteVersionTag, describeVersion, getVersion, latestVersions, moveToStage, setVersionTag } from '../tracking/version-changes.js'
import { unlessEmpty } from './answers.js'
import { rootOf, send } from './artifacts.js'
import { promoteByAlias } from './champion-alias.js'
import { entry } from './experiments.js'
import { between, flag, idText, list, message, optional, readMessage, required, text, withDefault, words } from './message.js'
import type { MlflowParts } from './parts.js'
import { handle } from './routes.js'
import { TRAINED_BY_TAG } from './training-rules.js'
import { requireLoadable } from './version-folder.js'

const MOST_MODELS = 1000
const MOST_VERSIONS = 200_000

const name = required(words)
const version = required(idText)
const byName = message({ name })
const byVersion = message({ name, version })
const described = { description: withDefault(text, '') }

const search = (most: number, usual: number) => message({ filter: withDefault(text, ''), max_results: withDefault(between(1, most), usual), order_by: withDefault(list(text), []), page_token: optional(text) })

/** Registered models, below /mlflow. */
export function registeredModelRoutes(app: FastifyInstance, { database, clock }: MlflowParts): void {
  handle(app, 'POST', '/registered-models/create', 'operator', message({ name, description: optional(text), tags: withDefault(list(entry), []) }), async (asked, { training }) => {
    refusePrompt(asked.tags)
    return { registered_model: wireRegisteredModel(await createRegisteredModel(database, clock, training === undefined ? asked : { ...asked, tags: [...asked.tags, { key: TRAINED_BY_TAG, value: training.scope.model }] })) }
  })
  handle(app, 'GET', '/registered-models/get', 'viewer', byName, async (asked) => ({ registered_model: wireRegisteredModel(await getRegisteredModel(database, asked.name)) }))
  handle(app, 'GET', '/registered-models/search', 'viewer', search(MOST_MODELS, 100), async ({ filter, max_results, order_by, page_token }) => {
    const page = await searchRegisteredModels(database, { filter, order: order_by, most: max_results, pageToken: page_token })
    return { registered_models: unlessEmpty(page.items.map(wireRegisteredModel)), next_page_token: page.nextToken }
  })
  handle(app, 'PATCH', '/registered-models/update', 'operator', message({ name, ...described }), async (asked) => ({
    registered_model: wireRegisteredModel(await describeRegisteredModel(database, clock, asked.name, asked.description)),
  }))
  handle(app, 'POST', '/registered-models/rename', 'operator', message({ name, new_name: required(words) }), async (asked) => ({
    registered_model: wireRegisteredModel(await renameRegisteredModel(database, clock, asked.name, asked.new_name)),
  }))
  handle(app, 'DELETE', '/registered-models/delete', 'operator', byName, async (asked) => {
    await deleteRegisteredModel(database, asked.name)
    return {}
  })
  handle(app, 'POST', '/registered-models/set-tag', 'operator', message({ name, key: required(words), value: withDefault(text, '') }), async (asked) => {
    await setRegisteredModelTag(database, asked.name, asked)
    return {}
  })
  handle(app, 'DELETE', '/registered-models/delete-tag', 'operator', message({ name, key: required(words) }), async (asked) => {
    await deleteRegisteredModelTag(database, asked.name, asked.key)
    return {}
  })
  const latest = message({ name, stages: withDefault(list(text), []) })
  for (const method of ['GET', 'POST'] as const) {
    handle(app, method, '/registered-models/get-latest-versions', 'viewer', latest, async (asked) => ({
      model_versions: unlessEmpty((await latestVersions(database, asked.name, asked.stages)).map(wireVersion)),
    }))
  }
  const byAlias = message({ name, alias: required(words) })
  handle(app, 'POST', '/registered-models/alias', 'operator', message({ name, alias: required(words), version }), async (asked, request) => {
    const number = versionNumber(asked.version)
    if (asked.alias === CHAMPION_ALIAS && (await isOfLifecycle(database, asked.name))) {
      await whileConnected(request, (signal) => promoteByAlias({ database, clock }, { model: asked.name, version: number, actor: request.actor }, signal))
    } else await setAlias(database, asked.name, asked.alias, number)
    return {}
  })
  handle(app, 'DELETE', '/registered-models/alias', 'operator', byAlias, async (asked) => {
    await deleteAlias(database, asked.name, asked.alias)
    return {}
  })
  handle(app, 'GET', '/registered-models/alias', 'viewer', byAlias, async (asked) => ({
    model_version: wireVersion(await getVersion(database, asked.name, await versionOfAlias(database, asked.name, asked.alias))),
  }))
}

const creation = message({
  name,
  source: required(words),
  run_id: optional(text),
  run_link: optional(text),
  description: optional(text),
  model_id: optional(text),
  tags: withDefault(list(entry), []),
})

/** Versions of registered models, below /mlflow. */
export function modelVersionRoutes(app: FastifyInstance, parts: MlflowParts): void {
  const { database, clock } = parts
  handle(app, 'POST', '/model-versions/create', 'operator', creation, async ({ name, source, run_id, run_link, description, model_id, tags }, request) => {
    refusePrompt(tags)
    return { model_version: wireVersion(await createVersion(database, clock, { model: name, source, run: said(run_id), runLink: run_link, description, loggedModel: said(model_id), user: request.actor, tags })) }
  })
  handle(app, 'GET', '/model-versions/get', 'viewer', byVersion, async (asked) => ({ model_version: wireVersion(await getVersion(database, asked.name, versionNumber(asked.version))) }))
  handle(app, 'GET', '/model-versions/get-download-uri', 'viewer', byVersion, async (asked) => {
    const { number, location } = await getVersion(database, asked.name, versionNumber(asked.version))
    if (await isOfLifecycle(database, asked.name)) await requireLoadable(parts, asked.name, number)
    return { artifact_uri: location }
  })
  handle(app, 'GET', '/model-versions/search', 'viewer', search(MOST_VERSIONS, 10_000), async ({ filter, max_results, order_by, page_token }) => {
    const page = await searchVersions(database, { filter, order: order_by, most: max_results, pageToken: page_token })
    return { model_versions: unlessEmpty(page.items.map(wireVersion)), next_page_token: page.nextToken }
  })
  handle(app, 'PATCH', '/model-versions/update', 'operator', message({ name, version, ...described }), async (asked) => ({
    model_version: wireVersion(await describeVersion(database, clock, asked.name, versionNumber(asked.version), asked.description)),
  }))
  handle(app, 'DELETE', '/model-versions/delete', 'operator', byVersion, async (asked) => {
    await deleteVersion(database, clock, asked.name, versionNumber(asked.version))
    return {}
  })
  handle(app, 'POST', '/model-versions/transition-stage', 'operator', message({ name, version, stage: required(words), archive_existing_versions: withDefault(flag, false) }), async (asked) => ({
    model_version: wireVersion(await moveToStage(database, clock, asked.name, versionNumber(asked.version), { stage: asked.stage, archiveOthers: asked.archive_existing_versions })),
  }))
  handle(app, 'POST', '/model-versions/set-tag', 'operator', message({ name, version, key: required(words), value: withDefault(text, '') }), async (asked) => {
    await setVersionTag(database, asked.name, versionNumber(asked.version), asked)
    return {}
  })
  handle(app, 'DELETE', '/model-versions/delete-tag', 'operator', message({ name, version, key: required(words) }), async (asked) => {
    await deleteVersionTag(database, asked.name, versionNumber(asked.version), asked.key)
    return {}
  })
}

const file = message({ name, version, path: required(words) })

/** Files of versions, as MLflow's pages ask for them. */
export function versionFileRoutes(parts: MlflowParts): FastifyPluginCallback {
  return (app, _options, done) => {
    app.get('/model-versions/get-artifact', { config: { role: 'viewer' }, schema: { hide: true } }, async (request, reply) => {
      const asked = readMessage(file, request.query, true)
      const within = checkArtifactPath(asked.path)
      if (within === '') throw invalid('Invalid path')
      const { location } = await getVersion(parts.database, asked.name, versionNumber(asked.version))
      return send(parts, below(rootOf(location), within), reply)
    })
    done()
  }
}

/** Clients keep prompts as registered models with this tag. @throws RefitError `tracking-unsupported` */
function refusePrompt(tags: readonly Entry[]): void {
  if (tags.some(({ key, value }) => key === 'mlflow.prompt.is_prompt' && value.toLowerCase() === 'true')) throw unsupported('Prompts are not kept here: this is a registry of models.')
}

/** What is empty says nothing. */
function said(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}

function wireRegisteredModel({ name, description, createdAt, updatedAt, latestVersions, tags, aliases }: RegisteredModel): object {
  return {
    name,
    creation_timestamp: createdAt,
    last_updated_timestamp: updatedAt,
    description: said(description),
    latest_versions: unlessEmpty(latestVersions.map(wireVersion)),
    tags: unlessEmpty(tags),
    aliases: unlessEmpty(aliases.map(({ alias, version }) => ({ alias, version: String(version) }))),
  }
}

function wireVersion({ model, number, createdAt, updatedAt, description, user, stage, source, run, runLink, loggedModel, tags, aliases }: ModelVersion): object {
  return {
    name: model,
    version: String(number),
    creation_timestamp: createdAt,
    last_updated_timestamp: updatedAt,
    user_id: user,
    current_stage: stage,
    description,
    source,
    run_id: run,
    run_link: runLink,
    status: 'READY',
    tags: unlessEmpty(tags),
    aliases: unlessEmpty(aliases),
    model_id: loggedModel,
  }
}
