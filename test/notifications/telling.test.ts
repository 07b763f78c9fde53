import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Value } from 'typebox/value'
import { Message } from '../../src/notifications/message.js'
import { startHttpReceiver, type HttpReceiver } from '../support/http-receiver.js'
import { until } from '../support/running-project.js'
import { START, startTelling, webhookAt, type Telling } from './telling.js'

function messagesAt(receiver: HttpReceiver): readonly Message[] {
  return receiver.requests.map(({ body }) => Value.Parse(Message, JSON.parse(body)))
}

/** Waits until all of so many notifications are in one of the last states. */
async function settled(telling: Telling, count: number): Promise<Awaited<ReturnType<Telling['rows']>>> {
  return until(`${count} notifications`, async () => {
    const rows = await telling.rows()
    // Time does not pass by itself here.
    telling.clock.advance(1000)
    return rows.length >= count && rows.every(({ state }) => state !== 'waiting') ? rows : undefined
  })
}

const quarantined = { kind: 'drop.quarantined', data: { drop: 'price-d1', key: 'week-01.csv', summary: 'price: 3 values are below 1.' } } as const

test('each target is told once of what it asks for, and of nothing that happened before there was one', async (context) => {
  const telling = await startTelling(context)
  const [all, good] = [await startHttpReceiver(), await startHttpReceiver()]
  context.after(() => Promise.all([all.stop(), good.stop()]))
  await telling.happens({ ...quarantined, data: { ...quarantined.data, drop: 'price-d0' } })
  const targets = [webhookAt(all.url), webhookAt(good.url, 'good', { on: ['promoted', 'quarantined'], models: ['rent'] })]
  await telling.start(...targets)
  await telling.happens(quarantined)
  await telling.happens({ ...quarantined, model: 'rent' })
  await telling.happens({ kind: 'run.ended', run: 'rent-1', model: 'rent', data: { outcome: 'promoted', explanation: 'Version 1 is champion. MAE is better.' } })
  await telling.happens({ kind: 'run.ended', run: 'rent-2', model: 'rent', data: { outcome: 'unchanged' } })
  await settled(telling, 4)
  const [first, ...others] = messagesAt(all)
  assert.ok(first !== undefined)
  const { id, ...rest } = first
  assert.equal(all.requests[0]?.headers['refit-delivery'], id)
  assert.deepEqual(rest, {
    formatVersion: 1,
    kind: 'quarantined',
    at: new Date(START).toISOString(),
    project: 'sales',
    model: 'price',
    drop: 'price-d1',
    actor: 'refit',
    summary: 'price: drop week-01.csv is in quarantine',
    text: 'Drop week-01.csv of price was put into quarantine: price: 3 values are below 1.',
    next: '`refit drops price --state quarantined` tells what was wrong. Deliver the file mended, or let it in as it is: `refit drops release price-d1 --reason "…"`.',
    url: 'http://127.0.0.1:7700',
  })
  assert.deepEqual(others.map(({ model, kind }) => [model, kind]), [['rent', 'quarantined']])
  assert.deepEqual(messagesAt(good).map(({ model, kind }) => `${model ?? ''} ${kind}`).toSorted(), ['rent promoted', 'rent quarantined'])
  // Started anew, and looking through the log anew from the beginning: nobody is told twice.
  await telling.database.updateTable('notification_cursor').set({ cursor: '0-0' }).execute()
  await telling.start(...targets)
  await settled(telling, 5)
  assert.deepEqual(messagesAt(all).map(({ drop }) => drop), ['price-d1', 'price-d1', 'price-d0'])
  assert.equal(good.requests.length, 2)
})

test('rejections are told when so many come in a row, and again after as many more', async (context) => {
  const telling = await startTelling(context)
  const receiver = await startHttpReceiver()
  context.after(() => receiver.stop())
  await telling.start(webhookAt(receiver.url, 'third'), webhookAt(receiver.url, 'each', { rejectedInARow: 1 }))
  let run = 0
  const ended = (outcome: string): Promise<void> => {
    run += 1
    return telling.happens({ kind: 'run.ended', run: `price-${run}`, data: { outcome, explanation: `Because of ${run}.` } })
  }
  // Those that come to no verdict against a candidate neither count nor begin the row anew.
  for (const outcome of ['rejected', 'unchanged', 'rejected', 'inconclusive', 'cancelled', 'rejected']) await ended(outcome)
  await telling.happens({ kind: 'run.ended', model: 'rent', run: 'rent-1', data: { outcome: 'rejected', explanation: 'Of another model.' } })
  await ended('awaiting-approval')
  for (const outcome of ['rejected', 'rejected']) await ended(outcome)
  await telling.happens({ kind: 'champion.moved', data: { version: 3, previous: 4, cause: 'rollback' } })
  for (const outcome of ['rejected', 'rejected', 'rejected', 'rejected', 'rejected', 'rejected']) await ended(outcome)
  const rows = await settled(telling, 3 + 1 + 2 + 6 + 3 + 2 + 2)
  const ofKind = (name: string): readonly unknown[] => rows.filter(({ target, kind }) => target === name && kind === 'rejected-in-a-row').map(({ text }) => text)
  assert.deepEqual(ofKind('third'), [
    'The last 3 candidates of price were rejected. The newest, of price-6: Because of 6.',
    'The last 3 candidates of price were rejected. The newest, of price-12: Because of 12.',
    'The last 6 candidates of price were rejected. The newest, of price-15: Because of 15.',
  ])
  assert.equal(ofKind('each').length, 12)
})

test('a receiver that was down for a while is told all of it when it is back, in a day at most', async (context) => {
  const telling = await startTelling(context)
  const [down, well] = [await startHttpReceiver(), await startHttpReceiver()]
  context.after(() => Promise.all([down.stop(), well.stop()]))
  const notifications = await telling.start(webhookAt(down.url, 'down'), webhookAt(well.url, 'well'))
  await down.stop()
  for (const drop of ['price-d1', 'price-d2', 'price-d3']) await telling.happens({ ...quarantined, data: { ...quarantined.data, drop } })
  await until('the other receiver and a failure', async () => {
    telling.clock.advance(1000)
    return well.requests.length === 3 && (await notifications.targets()).some(({ name, waiting, failure }) => name === 'down' && waiting === 3 && failure?.includes('ECONNREFUSED')) ? true : undefined
  })
  telling.clock.advance(6 * 3_600_000)
  await until('another try', async () => ((await telling.rows()).every(({ target, tries }) => target === 'well' || tries > 1) ? true : undefined))
  await down.start()
  telling.clock.advance(3_600_000)
  await settled(telling, 6)
  assert.equal(down.requests.length, 3)
  assert.equal(new Set(messagesAt(down).map(({ id }) => id)).size, 3)
  assert.ok(messagesAt(down).every(({ late }) => late === undefined))
  // Only the first failure is logged: it would be said again at every try.
  assert.equal(telling.logged.length, 1)
})

test('what waits for a busy receiver is tried again, later where it asks for it; what it refuses is given up at once', async (context) => {
  const telling = await startTelling(context)
  const receiver = await startHttpReceiver()
  context.after(() => receiver.stop())
  process.env['TEST_NOTIFY_TOKEN'] = 'a-token-nobody-may-see'
  const notifications = await telling.start(webhookAt(receiver.url, 'webhook', { options: { url: receiver.url, headers: { Authorization: 'Bearer ${secret:TEST_NOTIFY_TOKEN}' } } }))
  receiver.answer((response) => response.writeHead(429, { 'Retry-After': '600' }).end('slow down'))
  await telling.happens(quarantined)
  const [waiting] = await until('a first try', async () => {
    const rows = await telling.rows()
    return rows[0]?.failure === null ? undefined : rows.length > 0 ? rows : undefined
  })
  assert.equal(waiting?.failure, 'it answered 429: slow down')
  telling.clock.advance(599_000)
  await until('a look', () => notifications.targets())
  assert.equal(receiver.requests.length, 1)
  for (const status of [500, 503, 404]) {
    const before: number = receiver.requests.length
    receiver.answer((response) => response.writeHead(status).end())
    telling.clock.advance(3_600_000)
    await until(`a try that is answered ${status}`, async () => ((await telling.rows())[0]?.failure === `it answered ${status}` ? true : undefined))
    assert.equal(receiver.requests.length, before + 1)
  }
  assert.equal(receiver.requests[0]?.headers.authorization, 'Bearer a-token-nobody-may-see')
  receiver.answer((response, { headers }) => response.writeHead(410).end(`gone\u001b[31m ${'.'.repeat(170)} for ${String(headers.authorization)}`))
  telling.clock.advance(3_600_000)
  const [given] = await settled(telling, 1)
  assert.equal(given?.state, 'given-up')
  assert.equal(given.failure, `it answered 410: gone [31m ${'.'.repeat(170)} for Bearer \${secret:TEST_NOTIFY_TOKEN}`, 'no part of a secret is left where the answer is cut')
  const event = await telling.database.selectFrom('events').selectAll().where('kind', '=', 'notification.failed').executeTakeFirstOrThrow()
  assert.deepEqual([event.model, Reflect.get(Object(event.data), 'target'), Reflect.get(Object(event.data), 'about')], ['price', 'webhook', 'quarantined'])
  assert.deepEqual((await notifications.targets()).map(({ waiting: left, givenUp, lastGivenUp }) => [left, givenUp, lastGivenUp?.failure]), [[0, 1, given.failure]])
  assert.ok(!telling.logged.join('\n').includes('a-token-nobody-may-see'))
})

test('a receiver that is down for more than a day is not told any more, and old news says that it is late', async (context) => {
  const telling = await startTelling(context)
  const receiver = await startHttpReceiver()
  context.after(() => receiver.stop())
  await telling.start(webhookAt(receiver.url))
  await receiver.stop()
  await telling.happens(quarantined)
  const [hopeless] = await until('the end of the tries', async () => {
    telling.clock.advance(600_000)
    const rows = await telling.rows()
    return rows[0]?.state === 'given-up' ? rows : undefined
  })
  assert.ok(hopeless !== undefined && hopeless.tries >= 5, String(hopeless?.tries))
  assert.ok(telling.clock.now().getTime() - Date.parse(START) >= 86_400_000)
  await receiver.start()
  await telling.happens({ ...quarantined, at: new Date(START), data: { ...quarantined.data, drop: 'price-d2' } })
  await settled(telling, 2)
  assert.deepEqual(messagesAt(receiver).map(({ drop, late }) => [drop, late]), [['price-d2', true]])
})

test('what waits for a target that is gone is dropped, and a new address is tried at once', async (context) => {
  const telling = await startTelling(context)
  const [former, present] = [await startHttpReceiver(), await startHttpReceiver()]
  context.after(() => Promise.all([former.stop(), present.stop()]))
  await former.stop()
  await telling.start(webhookAt(former.url, 'moved'), webhookAt(former.url, 'gone'))
  await telling.happens(quarantined)
  await until('a failure each', async () => ((await telling.rows()).filter(({ failure }) => failure !== null).length === 2 ? true : undefined))
  await telling.start(webhookAt(present.url, 'moved'))
  const rows = await settled(telling, 2)
  assert.deepEqual(rows.map(({ target, state }) => [target, state]), [['gone', 'dropped'], ['moved', 'sent']])
  // Nobody for a while, and then somebody again: what happened between is history.
  await telling.start()
  await telling.happens({ ...quarantined, data: { ...quarantined.data, drop: 'price-d2' } })
  await telling.start(webhookAt(present.url, 'moved'))
  await telling.happens({ ...quarantined, data: { ...quarantined.data, drop: 'price-d3' } })
  await settled(telling, 3)
  assert.deepEqual(messagesAt(present).map(({ drop }) => drop), ['price-d1', 'price-d3'])
})

test('a receiver that never answers holds up no other, and no stop', async (context) => {
  const telling = await startTelling(context)
  const [hanging, well] = [await startHttpReceiver(), await startHttpReceiver()]
  context.after(() => Promise.all([hanging.stop(), well.stop()]))
  hanging.answer(() => undefined)
  const notifications = await telling.start(webhookAt(hanging.url, 'hanging'), webhookAt(well.url, 'well'))
  for (const drop of ['price-d1', 'price-d2']) await telling.happens({ ...quarantined, data: { ...quarantined.data, drop } })
  await until('the other receiver', () => Promise.resolve(well.requests.length === 2 && hanging.requests.length === 1 ? true : undefined))
  await notifications.stop()
  const [first] = await telling.rows()
  assert.deepEqual([first?.state, first?.failure], ['waiting', null])
  hanging.answer((response) => response.writeHead(200).end())
  await telling.start(webhookAt(hanging.url, 'hanging'), webhookAt(well.url, 'well'))
  await settled(telling, 4)
  const ids = messagesAt(hanging).map(({ id }) => id)
  // Broken off by the stop: nobody knew whether it was taken.
  assert.equal(ids.length, 3)
  assert.equal(new Set(ids).size, 2)
})

test('two that tell the same project at the same time tell each thing once', async (context) => {
  const telling = await startTelling(context)
  const receiver = await startHttpReceiver()
  context.after(() => receiver.stop())
  const first = await telling.start(webhookAt(receiver.url))
  const second = await telling.another(webhookAt(receiver.url))
  context.after(() => second.stop())
  const drops = Array.from({ length: 30 }, (_, index) => `price-d${index}`)
  for (const drop of drops) {
    await telling.happens({ ...quarantined, data: { ...quarantined.data, drop } })
    first.hint()
    second.hint()
  }
  await settled(telling, drops.length)
  assert.deepEqual(messagesAt(receiver).map(({ drop }) => drop ?? '').toSorted(), drops.toSorted())
})
