import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { dropFaults } from '../../src/data/drop-faults.js'
import { catalogue } from '../../src/errors.js'
import { readPage, root, tablesOf } from './pages.js'

const all = tablesOf(readPage('docs/errors.md'))
const tables = all.filter(({ columns }) => columns.includes('status'))

test('docs/errors.md says of every error what the catalogue says, word for word, in its order, and has no other', () => {
  const documented = tables.flatMap(({ rows }) => rows.map(([code = '', ...rest]) => [code.replaceAll('`', ''), ...rest]))
  const known = Object.entries(catalogue).map(([code, [status, message, hint]]) => [code, String(status), message, hint])
  assert.deepEqual(documented, known)
})

test('docs/errors.md groups the errors as the catalogue does', () => {
  const source = readFileSync(join(root, 'src', 'errors.ts'), 'utf8')
  const table = source.slice(source.indexOf('export const catalogue'), source.indexOf('} as const'))
  const groups = table.split(/^ {2}\/\/ /m).slice(1)
  const known = groups.map((group) => [group.split('\n')[0], ...[...group.matchAll(/^ {2}'?([a-z0-9-]+)'?: \[/gm)].map((match) => match[1])])
  assert.deepEqual(
    tables.map(({ heading, rows }) => [heading, ...rows.map(([code = '']) => code.replaceAll('`', ''))]),
    known,
  )
})

test('docs/errors.md says of every fault of a drop what its table says, word for word, and has no other', () => {
  const documented = all.filter((table) => !tables.includes(table)).flatMap(({ rows }) => rows.map(([code = '', ...rest]) => [code.replaceAll('`', ''), ...rest]))
  assert.deepEqual(documented, Object.entries(dropFaults).map(([code, [meaning, remedy, waivable]]) => [code, meaning, remedy, waivable === undefined ? 'no' : 'yes']))
})
