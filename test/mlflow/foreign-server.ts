import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { refit } from '../cli/refit-process.js'
import { startScriptedServer, type Message, type ScriptedServer } from './scripted-server.js'

/** Files by path, as scripted servers are asked for them. */
export const FILES = '/mlflow-artifacts/artifacts'

const Counts = Type.Object({ models: Type.Integer(), versions: Type.Integer(), runs: Type.Integer(), loggedModels: Type.Integer(), files: Type.Integer() })

/** What an import tells with --json. */
export const Imported = Type.Object({ brought: Counts, present: Counts, left: Type.Array(Type.Object({ what: Type.String(), reason: Type.String() })), leftCount: Type.Integer() })
export type Imported = Static<typeof Imported>

export type Scripts = Readonly<Record<string, Message | ((query: URLSearchParams) => Message)>>
let made = 0

/** The id of a run that no other test has. */
export function newRun(): string {
  made += 1
  return made.toString(16).padStart(32, '0')
}

/** A server with one model and one version of a run, to be moved in from; `scripts` says some of it otherwise. */
export async function startForeignServer(t: Pick<TestContext, 'after'>, scripts: Scripts, named: { readonly run?: string; readonly model?: string; readonly artifacts?: string } = {}): Promise<ScriptedServer> {
  const { run = newRun() } = named
  const { model = `model of ${run}`, artifacts = `mlflow-artifacts:/1/${run}/artifacts` } = named
  const usual: Scripts = {
    '/mlflow/registered-models/search': { body: { registered_models: [{ name: model }] } },
    '/mlflow/model-versions/search': { body: { model_versions: [{ name: model, version: '1', source: `${artifacts}/model`, run_id: run }] } },
    '/mlflow/model-versions/get-download-uri': { body: { artifact_uri: `${artifacts}/model` } },
    '/mlflow/runs/get': { body: { run: { info: { run_id: run, experiment_id: '1', status: 'FINISHED', artifact_uri: artifacts } } } },
    '/mlflow/experiments/get': { body: { experiment: { experiment_id: '1', name: 'theirs' } } },
    [FILES]: { body: {} },
  }
  return startScriptedServer(t, (path, query) => {
    const said = scripts[path] ?? usual[path]
    return typeof said === 'function' ? said(query) : said
  })
}

/** Moves in, and what that has brought. */
export async function importedFrom(from: string, to: string, ...more: readonly string[]): Promise<Imported> {
  const { code, out, error } = await refit(['import', 'mlflow', from, '--url', to, '--json', ...more])
  assert.equal(code, 0, error)
  return Value.Parse(Imported, JSON.parse(out))
}
