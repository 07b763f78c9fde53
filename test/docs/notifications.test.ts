import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { Value } from 'typebox/value'
import { needsAttention, NotificationKind } from '../../src/define/notify.js'
import { Message } from '../../src/notifications/message.js'
import { signatureOf } from '../../src/notifications/webhook/signature.js'
import { codeBlocksOf, readPage, tablesOf } from './pages.js'

const path = 'docs/notifications.md'
const page = readPage(path)
const tables = tablesOf(page)
const blocks = codeBlocksOf(path, page)

function firstCells(heading: string): readonly string[] {
  return (tables.find((table) => table.heading === heading)?.rows ?? []).map(([cell = '']) => cell.replaceAll('`', ''))
}

test('docs/notifications.md has every kind, and which are told without being asked for', () => {
  const kinds = NotificationKind.anyOf.map((literal) => literal.const)
  assert.deepEqual(firstCells('What is told'), kinds)
  const told = tables.find((table) => table.heading === 'What is told')?.rows.filter(([, , byDefault]) => byDefault === 'yes')
  assert.deepEqual(told?.map(([kind = '']) => kind.replaceAll('`', '')), [...needsAttention])
})

test('docs/notifications.md has every field of a message, and its example is one', () => {
  assert.deepEqual(firstCells('Webhook'), Object.keys(Message.properties))
  const example: unknown = JSON.parse(blocks.find(({ language }) => language === 'json')?.code ?? '')
  assert.ok(Value.Check(Message, example))
})

test('the check of a signature in docs/notifications.md takes what is signed here, and nothing else', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'refit-signature-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'check.mjs')
  await writeFile(file, blocks.find(({ language }) => language === 'js')?.code ?? '')
  const loaded: unknown = await import(pathToFileURL(file).href)
  const check: unknown = Reflect.get(Object(loaded), 'isFromRefit')
  assert.ok(typeof check === 'function')
  const now = new Date('2026-01-01T00:00:00Z')
  const isFromRefit = (secret: string, header: string, body: string, at = now): unknown => Reflect.apply(check, undefined, [secret, header, body, at.getTime()])
  const body = '{"kind":"test"}'
  const header = signatureOf('a-key', now, body)
  assert.ok(page.includes(`\n${header}\n`), header)
  assert.equal(isFromRefit('a-key', header, body), true)
  assert.equal(isFromRefit('another', header, body), false)
  assert.equal(isFromRefit('a-key', header, '{"kind":"failed"}'), false)
  assert.equal(isFromRefit('a-key', header.replace('t=17', 't=18'), body), false)
  assert.equal(isFromRefit('a-key', header, body, new Date('2026-01-01T00:06:00Z')), false)
  assert.equal(isFromRefit('a-key', 'nonsense', body), false)
})
