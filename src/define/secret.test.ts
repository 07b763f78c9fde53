import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { RefitError } from '../errors.js'
import { resolveProject } from './resolve-project.js'
import { revealSecrets, revealSecretsIn, secret, unsetSecrets } from './secret.js'

// With what a replacement text, and an address, would take for something else.
const VALUE = "p$&w:/@ '1"
before(() => {
  process.env['REFIT_TEST_SECRET'] = VALUE
})

test('a secret is a reference until it is revealed, by itself and within a text, plain and encoded', () => {
  const text = `postgres://u:${encodeURIComponent(secret('REFIT_TEST_SECRET'))}@h/db`
  assert.ok(!text.includes('p$'))
  assert.equal(revealSecrets(text), `postgres://u:${encodeURIComponent(VALUE)}@h/db`)
  assert.equal(revealSecrets(`Bearer ${secret('REFIT_TEST_SECRET')}, ${secret('REFIT_TEST_SECRET')}`), `Bearer ${VALUE}, ${VALUE}`)
  assert.deepEqual(revealSecretsIn({ n: 1, none: null, list: [secret('REFIT_TEST_SECRET'), true] }), { n: 1, none: null, list: [VALUE, true] })
})

test('what looks like a secret in a revealed value is left as it is', () => {
  process.env['REFIT_TEST_NESTED'] = secret('REFIT_TEST_SECRET')
  assert.equal(revealSecrets(secret('REFIT_TEST_NESTED')), secret('REFIT_TEST_SECRET'))
})

test('a variable that is not set is a fault at its place, and an error of the catalogue when it is missing later', () => {
  const options = { url: `https://x/${encodeURIComponent(secret('REFIT_TEST_UNSET'))}`, list: [secret('REFIT_TEST_SECRET'), secret('REFIT_TEST_UNSET')] }
  const message = 'the environment variable REFIT_TEST_UNSET is not set'
  assert.deepEqual(unsetSecrets(options, 'train'), [{ path: 'train.url', message }, { path: 'train.list[1]', message }])
  assert.throws(() => secret('A}B'), /"A}B" is no name/)
  process.env['REFIT_TEST_GONE'] = 'x'
  const reference = secret('REFIT_TEST_GONE')
  delete process.env['REFIT_TEST_GONE']
  assert.throws(() => revealSecrets(reference), (error) => error instanceof RefitError && error.code === 'secret-missing' && error.message.includes('REFIT_TEST_GONE'))
})

test('a secret where nothing would look its value up is a fault at its path', () => {
  const reference = secret('REFIT_TEST_SECRET')
  const trained = (options: object): object => ({
    task: 'regression',
    columns: { a: { type: 'number', role: 'feature' }, b: { type: 'number', role: 'target' } },
    source: { kind: 'folder', options: { path: reference } },
    train: { kind: 'command', options },
  })
  const schemas = { sources: { folder: {} }, trainers: { command: {} } }
  const project = {
    models: { price: trained({ command: ['train', `--key=${reference}`], environment: { KEY: reference }, parameters: { deep: [reference] } }) },
    database: reference,
    server: { hosts: [reference] },
  }
  const resolved = resolveProject(project, schemas)
  const paths = 'faults' in resolved ? resolved.faults.map(({ path }) => path) : []
  assert.deepEqual(paths, ['server.hosts[0]', 'models.price.source.options.path', 'models.price.train.options.command[1]'])
})
