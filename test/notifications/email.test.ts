import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emailNotifier } from '../../src/notifications/email/adapter.js'
import { email } from '../../src/notifications/email/definition.js'
import type { Message } from '../../src/notifications/message.js'
import { startMailServer } from '../support/mail-server.js'
import { readableMail } from '../support/readable-mail.js'

const never = new AbortController().signal

const message: Message = {
  formatVersion: 1,
  id: '7f0c1b52-4d0e-4f7a-9f5e-0d6a2f1c8b3e',
  kind: 'failed',
  at: '2026-03-02T06:00:00.000Z',
  project: 'sales',
  model: 'price',
  run: 'price-7',
  actor: 'refit',
  summary: 'price: a run failed',
  text: 'Run price-7 of price failed: the trainer ended with exit code 1.',
  next: '`refit logs price-7` shows what it wrote.',
}

test('a mail has its facts, its date, the id as its Message-ID, and is marked as sent by a program', async (t) => {
  const server = await startMailServer()
  t.after(() => server.stop())
  const notifier = emailNotifier(email({ smtp: `smtp://${server.address}`, from: 'Refit <refit@example.com>', to: ['a@example.com', 'b@example.com'] }).options)
  assert.deepEqual(await notifier.send(message, never), { kind: 'taken', detail: 'accepted for a@example.com, b@example.com' })
  const [mail] = server.mails
  assert.ok(mail !== undefined)
  assert.deepEqual([mail.from, mail.to, mail.user], ['refit@example.com', ['a@example.com', 'b@example.com'], undefined])
  const { headers, text } = readableMail(mail.source)
  assert.equal(headers.get('subject'), '[refit] price: a run failed')
  assert.equal(headers.get('message-id'), '<7f0c1b52-4d0e-4f7a-9f5e-0d6a2f1c8b3e@example.com>')
  assert.equal(headers.get('auto-submitted'), 'auto-generated')
  assert.equal(new Date(headers.get('date') ?? '').toISOString(), message.at)
  assert.equal(text.trim(), `${message.text}\n\n${message.next}\n\nproject: sales\nmodel: price\nrun: price-7\nkind: failed\nat: ${message.at}`)
})

test('a server that asks for a login is shown that of the address; a wrong one may be mended', async (t) => {
  const server = await startMailServer({ login: { user: 'refit@example.com', password: 'p:a/s@s' } })
  t.after(() => server.stop())
  const sendAs = (login: string): ReturnType<ReturnType<typeof emailNotifier>['send']> =>
    emailNotifier(email({ smtp: `smtp://${login}${server.address}`, from: 'refit@example.com', to: 'owner@example.com' }).options).send(message, never)
  assert.equal((await sendAs(`${encodeURIComponent('refit@example.com')}:${encodeURIComponent('p:a/s@s')}@`)).kind, 'taken')
  assert.equal(server.mails[0]?.user, 'refit@example.com')
  const wrong = await sendAs(`${encodeURIComponent('refit@example.com')}:wrong@`)
  assert.ok(wrong.kind === 'failed' && wrong.reason.includes('Invalid'), JSON.stringify(wrong))
  assert.equal((await sendAs('')).kind, 'failed')
})

test('a mailbox that there is not is given up at once, but not where others are told', async (t) => {
  const server = await startMailServer()
  t.after(() => server.stop())
  server.unknown.add('gone@example.com')
  const sendTo = (...to: readonly string[]): ReturnType<ReturnType<typeof emailNotifier>['send']> =>
    emailNotifier(email({ smtp: `smtp://${server.address}`, from: 'refit@example.com', to }).options).send(message, never)
  assert.equal((await sendTo('gone@example.com')).kind, 'refused')
  assert.deepEqual(await sendTo('gone@example.com', 'owner@example.com'), { kind: 'taken', detail: 'accepted for owner@example.com, refused for gone@example.com' })
})

test('a mail that must be encrypted is not sent where the server cannot', async (t) => {
  const server = await startMailServer()
  t.after(() => server.stop())
  const notifier = emailNotifier(email({ smtp: `smtp://${server.address}?requireTLS=true`, from: 'refit@example.com', to: 'owner@example.com' }).options)
  assert.equal((await notifier.send(message, never)).kind, 'failed')
  assert.equal(server.mails.length, 0)
})
