import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveProject } from './resolve-project.js'
import { secret } from './secret.js'
import type { StoredProject } from './stored-definition.js'

const schemas = { sources: { folder: {}, upload: {} }, trainers: { command: {} } }
const price = {
  task: 'regression',
  columns: { rooms: { type: 'number', role: 'feature' }, price: { type: 'number', role: 'target' } },
  source: { kind: 'folder', options: { path: 'drops' } },
  train: { kind: 'command', options: {} },
  limits: { trainTime: '2 hours', trainMemory: 1000 },
}

function project(environments: object, own: object = {}): object {
  return { models: { price }, server: { controlPort: 1, hosts: ['a'] }, ...own, environments }
}

function resolved(written: object, environment?: string): StoredProject {
  const answer = resolveProject(written, schemas, environment)
  assert.ok('project' in answer, JSON.stringify(answer))
  return answer.project
}

function faultsOf(environments: object, own?: object): readonly string[] {
  const answer = resolveProject(project(environments, own), schemas)
  return 'faults' in answer ? answer.faults.map(({ path, message }) => `${path}: ${message}`) : []
}

test('what an environment says stands in place of what the project says; all else is as there', () => {
  const written = project({
    production: {
      database: 'postgres://db/refit',
      objects: 's3://models/production',
      server: { controlPort: 2 },
      models: { price: { source: { kind: 'upload', options: {} }, approval: 'always', triggers: [], limits: { trainMemory: 8000 } } },
    },
    staging: {},
  })
  const [plain, production, staging] = [resolved(written), resolved(written, 'production'), resolved(written, 'staging')]
  assert.deepEqual([plain.environment, production.environment, staging.environment], [undefined, 'production', 'staging'])
  assert.deepEqual([plain.database, production.database], [undefined, 'postgres://db/refit'])
  assert.deepEqual([production.objects?.bucket, production.objects?.prefix], ['models', 'production'])
  assert.deepEqual([plain.server.controlPort, production.server.controlPort, production.server.hosts], [1, 2, ['a']])
  const { model, inProduction } = { model: plain.models['price'], inProduction: production.models['price'] }
  assert.deepEqual([model?.source.kind, inProduction?.source.kind, inProduction?.approval, inProduction?.triggers], ['folder', 'upload', 'always', []])
  assert.deepEqual(inProduction?.limits, { ...model?.limits, trainMemoryBytes: 8e9 })
  assert.deepEqual({ ...staging, environment: undefined }, { ...plain, environment: undefined })
})

test('a name that no environment has is refused with those there are', () => {
  assert.throws(() => resolveProject(project({ production: {}, staging: {} }), schemas, 'prod'), {
    code: 'environment-unknown',
    message: 'There is no environment prod; there are: production, staging.',
  })
  assert.throws(() => resolveProject({ models: { price } }, schemas, 'prod'), { message: 'There is no environment prod; there are: none.' })
})

test('what is wrong in an environment is told at its path, whichever is chosen', () => {
  assert.deepEqual(faultsOf({ 'Not this': {} }), ['environments.Not this: "Not this" is no name of an environment: lower-case letters, digits and hyphens, from a letter on, at most 32, and not none'])
  assert.deepEqual(faultsOf({ staging: { models: { prise: {} } } }), ['environments.staging.models.prise: there is no model "prise"; there are: price'])
  assert.deepEqual(faultsOf({ staging: { models: { price: { source: { kind: 'carrier', options: {} } } } } }), ['environments.staging.models.price.source: "carrier" is not known; there are: folder, upload'])
  assert.deepEqual(faultsOf({ staging: { models: { price: { split: {} } } } }), ['environments.staging.models.price.split: is not known here'], 'what the model is cannot differ')
  assert.deepEqual(faultsOf({ staging: { objects: 'nowhere' } }), ['environments.staging.objects: must be an address such as s3://bucket/prefix'])
})

test('environments do not share a database or a place of objects with the project, unless it is named by a reference', () => {
  const own = { database: 'postgres://db/refit', objects: 's3://models/refit' }
  assert.deepEqual(faultsOf({ staging: {} }, own).map((fault) => fault.split(':')[0]), ['environments.staging.database', 'environments.staging.objects'])
  assert.deepEqual(faultsOf({ staging: { database: 'postgres://db/staging', objects: 's3://models/staging/' } }, own), [])
  process.env['REFIT_TEST_DATABASE'] = 'postgres://db/refit'
  assert.deepEqual(faultsOf({ staging: {} }, { database: secret('REFIT_TEST_DATABASE') }), [])
})

test('a secret has to be set only where the chosen environment uses it', () => {
  const written = project({ production: { database: secret('REFIT_TEST_NOT_SET') } })
  assert.equal(resolved(written).database, undefined)
  const answer = resolveProject(written, schemas, 'production')
  assert.deepEqual('faults' in answer ? answer.faults : [], [{ path: 'database', message: 'the environment variable REFIT_TEST_NOT_SET is not set' }])
})
