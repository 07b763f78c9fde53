import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NotificationKind } from '../define/notify.js'
import type { RecordedEvent } from '../runs/event.js'
import { factsOf, happeningOf, toldEvents } from './happening.js'
import { wordsFor } from './wording.js'

function event(kind: string, data: Readonly<Record<string, unknown>>, run?: string): RecordedEvent {
  return { cursor: '1-1', at: '2026-03-02T06:00:00.000Z', actor: 'cli:alice', kind, model: 'price', ...(run === undefined ? {} : { run }), data }
}

function told(happened: RecordedEvent, rejections = 0): { readonly kind: string | undefined; readonly summary?: string; readonly text?: string; readonly next?: string } {
  const kind = happeningOf(happened)
  if (kind === undefined) return { kind }
  return { kind, ...wordsFor({ kind, model: 'price', run: happened.run, actor: happened.actor, facts: factsOf(happened), rejections }) }
}

test('every kind says what happened and why in one sentence', () => {
  const sentences = [
    told(event('run.ended', { outcome: 'failed', explanation: 'The trainer ended with exit code 1.' }, 'price-7')),
    told(event('run.ended', { outcome: 'rejected', explanation: 'MAPE is 16.2 %, at most 15.0 % is asked for.' }, 'price-7'), 3),
    told(event('drop.quarantined', { drop: 'price-d3', key: 'week-03.csv', summary: 'price: 3 values are below 1.' })),
    told(event('version.created', { version: 4, state: 'awaiting-approval' })),
    told(event('champion.moved', { version: 4, previous: 3, cause: 'approve', reason: 'it looks right' }, 'price-7')),
    told(event('champion.moved', { version: 3, previous: 4, cause: 'rollback' })),
    told(event('model.below-standard', { explanation: 'Version 3 serves and falls short.' }, 'price-7')),
    told(event('model.meets-standard', { explanation: 'The candidate that takes over keeps every threshold.' }, 'price-7')),
    told(event('drop.overdue', { since: '2026-02-20T06:00:00.000Z', dropsBefore: true, milliseconds: 8.2 * 86_400_000 })),
    told(event('schedule.missed', { cron: '0 6 * * 1', count: 2, first: '2026-02-16T06:00:00.000Z', last: '2026-02-23T06:00:00.000Z' })),
    told(event('source.failed', { source: 'folder:drops', message: 'The source folder:drops cannot be read: there is no such folder' })),
  ]
  assert.deepEqual(sentences.map(({ text }) => text), [
    'Run price-7 of price failed: The trainer ended with exit code 1.',
    'The last 3 candidates of price were rejected. The newest, of price-7: MAPE is 16.2 %, at most 15.0 % is asked for.',
    'Drop week-03.csv of price was put into quarantine: price: 3 values are below 1.',
    'Version 4 of price awaits approval.',
    'Version 4 of price was made champion in place of version 3, by cli:alice: it looks right',
    'price went back from version 4 to version 3, by cli:alice',
    'The champion of price does not meet the standard of its own check: Version 3 serves and falls short.',
    'The champion of price meets the standard of its check again: The candidate that takes over keeps every threshold.',
    'No drop of price has arrived for 8 days: the last one came at 2026-02-20T06:00:00.000Z',
    'The schedule 0 6 * * 1 of price was missed 2 times, from 2026-02-16T06:00:00.000Z to 2026-02-23T06:00:00.000Z, for Refit did not run then',
    'The source folder:drops cannot be read: there is no such folder',
  ])
  const aborted = told(event('rollout.aborted', { rollout: 'price-r2', version: 4, champion: 3, cause: 'rollback', explanation: 'Rolled back by cli:alice: too slow.' }))
  assert.deepEqual([aborted.kind, aborted.summary, aborted.text], ['rolled-back', 'price: version 4 was rolled back, version 3 serves', 'price: Rolled back by cli:alice: too slow.'])
  assert.equal(happeningOf(event('rollout.aborted', { rollout: 'price-r2', version: 4, champion: 3, explanation: 'Version 5 has come.' })), undefined)
  assert.deepEqual(sentences.map(({ kind }) => kind), NotificationKind.anyOf.map((literal) => literal.const))
  for (const { summary = '', next = '' } of sentences) {
    assert.match(summary, /^price: \S/)
    assert.ok(next.length > 20, next)
  }
})

test('what a run does on its way is told when it ends, and once', () => {
  const ofARun = [
    event('version.created', { version: 4, state: 'awaiting-approval' }, 'price-7'),
    event('champion.moved', { version: 4, cause: 'run' }, 'price-7'),
    event('champion.moved', { version: 4, cause: 'promote' }, 'price-7'),
    event('champion.moved', { version: 4, cause: 'adopt' }, 'price-7'),
    ...['unchanged', 'inconclusive', 'cancelled', 'superseded'].map((outcome) => event('run.ended', { outcome }, 'price-7')),
    event('stage.failed', { stage: 'train' }, 'price-7'),
  ]
  assert.deepEqual(ofARun.map((each) => told(each).kind), ofARun.map(() => undefined))
  assert.equal(told(event('run.ended', { outcome: 'promoted', explanation: 'Version 4 is champion.' }, 'price-7')).kind, 'promoted')
  assert.equal(told(event('run.ended', { outcome: 'awaiting-approval', explanation: 'Version 4 awaits approval.' }, 'price-7')).kind, 'awaiting-approval')
  assert.equal(told(event('champion.moved', { version: 4, cause: 'promote', reason: 'I know better' })).kind, 'promoted')
  for (const { kind } of ofARun.slice(0, -1)) assert.ok(toldEvents.includes(kind), kind)
})

test('names and reasons that others wrote stay on one line, of some length', () => {
  const { summary = '', text = '' } = told(event('drop.quarantined', { drop: 'price-d3', key: 'week\u0007\n\u202egnp.exe', summary: 'x'.repeat(5000) }))
  assert.equal(summary, 'price: drop week gnp.exe is in quarantine')
  assert.ok(text.length === 1500 && text.endsWith('…'), String(text.length))
})

test('data of a form that is not known here is told without it', () => {
  assert.equal(told(event('champion.moved', { version: 'four', previous: 5, cause: 'rollback' })).text, 'price went back from version 5 to version , by cli:alice')
  assert.equal(told(event('drop.quarantined', { drop: 4 })).text, 'Drop of price was put into quarantine:')
})
