import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Value } from 'typebox/value'
import { Message } from '../../src/notifications/message.js'
import { signatureOf } from '../../src/notifications/webhook/signature.js'
import { refit } from '../cli/refit-process.js'
import { startHttpReceiver, type HttpReceiver } from '../support/http-receiver.js'
import { startMailServer } from '../support/mail-server.js'
import { readableMail } from '../support/readable-mail.js'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { deliveries, DROPS, MODEL, smallProject } from '../support/small-project.js'

const KEY = 'a-key-for-signatures'

/** The small project, which tells these, as they would be written. */
async function tellingProject(t: TestContext, notify: string): Promise<RunningProject> {
  const { 'refit.config.ts': config = '', ...others } = smallProject()
  const written = config.replace('import { ', 'import { email, program, slack, webhook, ').replace('defineProject({', `defineProject({ notify: [${notify}],`)
  const project = await createProject({ ...others, 'refit.config.ts': written })
  t.after(() => project.close())
  return project
}

function messagesAt(receiver: HttpReceiver): readonly Message[] {
  return receiver.requests.map(({ body }) => Value.Parse(Message, JSON.parse(body)))
}

function told(receiver: HttpReceiver, kind: Message['kind'], count = 1): Promise<Message> {
  return until(`${kind} at the receiver`, () => Promise.resolve(messagesAt(receiver).filter((message) => message.kind === kind)[count - 1]))
}

/** As many rows as would drown the others, in which the hours have nothing to do with the distance. */
function nonsense(): string {
  const [head = '', ...rows] = deliveries(90, 6000).trim().split('\n')
  const hours = rows.map((row) => row.split(',')[2]).toReversed()
  return `${head}\n${rows.map((row, index) => [...row.split(',').slice(0, 2), hours[index]].join(',')).join('\n')}\n`
}

test('a promotion, a quarantined drop, a rejected run and a rollback are told to a webhook and by mail, each once', async (t) => {
  const [receiver, mail] = [await startHttpReceiver(), await startMailServer({ login: { user: 'refit', password: 'pass/word' } })]
  t.after(() => Promise.all([receiver.stop(), mail.stop()]))
  const environment = { OPS_WEBHOOK: receiver.url, OPS_KEY: KEY, SMTP_URL: `smtp://refit:${encodeURIComponent('pass/word')}@${mail.address}` }
  const on = "on: ['promoted', 'quarantined', 'rejected-in-a-row', 'rolled-back'], rejectedInARow: 1"
  const project = await tellingProject(t, `webhook(secret('OPS_WEBHOOK'), { secret: secret('OPS_KEY'), ${on} }), email({ smtp: secret('SMTP_URL'), from: 'Refit <refit@example.com>', to: 'owner@example.com', ${on} })`)
  await project.up({ environment })
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  await project.ended(`${MODEL}-1`)
  await project.put(`${DROPS}/week-02.csv`, deliveries(2))
  await project.ended(`${MODEL}-2`)
  await project.put(`${DROPS}/week-03.csv`, 'order_id,distance_km\no9,12\n')
  await project.ended(`${MODEL}-3`)
  await project.put(`${DROPS}/week-04.csv`, nonsense())
  assert.equal((await project.ended(`${MODEL}-4`)).outcome, 'rejected')
  await project.api().rollback(MODEL, { reason: 'customers complain' })

  const promoted = await told(receiver, 'promoted', 2)
  assert.deepEqual([promoted.model, promoted.run, promoted.version, promoted.actor], [MODEL, `${MODEL}-2`, 2, 'refit'])
  assert.match(promoted.text, /^delivery-time: Version 2 is champion\. .*MAPE/)
  const quarantined = await told(receiver, 'quarantined')
  assert.match(quarantined.text, /^Drop week-03\.csv of delivery-time was put into quarantine: .*hours/)
  assert.match(quarantined.next, new RegExp(`refit drops release ${quarantined.drop ?? '?'}`))
  const rejected = await told(receiver, 'rejected-in-a-row')
  assert.match(rejected.text, new RegExp(`^The candidate of ${MODEL}-4 was rejected: .*MAPE`))
  const back = await told(receiver, 'rolled-back')
  assert.equal(back.text, `${MODEL} went back from version 2 to version 1, by test: customers complain`)
  assert.equal(back.url, project.api().url)

  await until('all mails', () => Promise.resolve(mail.mails.length >= messagesAt(receiver).length || undefined))
  const subjects = mail.mails.map(({ source }) => readableMail(source).headers.get('subject'))
  assert.deepEqual(subjects.map(String).toSorted(), messagesAt(receiver).map(({ summary }) => `[refit] ${summary}`).toSorted())
  assert.ok(mail.mails.every(({ user, to }) => user === 'refit' && to.join() === 'owner@example.com'))
  for (const { headers, body } of receiver.requests) {
    const signature = String(headers['refit-signature'])
    const seconds = Number(/^t=(\d+),/.exec(signature)?.[1])
    assert.equal(signature, signatureOf(KEY, new Date(seconds * 1000), body))
  }
  assert.deepEqual(messagesAt(receiver).map(({ kind }) => kind).toSorted(), ['promoted', 'promoted', 'quarantined', 'rejected-in-a-row', 'rolled-back'])

  const tested = await refit(['notify', 'test', '--target', 'email'], { folder: project.folder })
  assert.deepEqual([tested.code, tested.out], [0, '✓ email  accepted for owner@example.com\n'])
  receiver.answer((response) => response.writeHead(403).end('who are you'))
  const failed = await refit(['notify', 'test'], { folder: project.folder })
  assert.equal(failed.code, 1)
  assert.match(failed.out, /✗ webhook {2}it answered 403: who are you\n✓ email/)
  const status = await refit(['status'], { folder: project.folder })
  assert.match(status.out, /tells {4}webhook {2}told .*\n.*tells {4}email {2}told /)
  // Nothing secret is in what is told, kept or logged.
  const sql = await project.sql()
  const { rows } = await sql.query<{ text: string }>("select coalesce(string_agg(n::text, ' '), '') || (select string_agg(e::text, ' ') from events e) || (select string_agg(definition::text, ' ') from models) as text from notifications n")
  await sql.end()
  for (const secret of [KEY, 'pass/word', 'a-key']) assert.ok(!(rows[0]?.text ?? secret).includes(secret), secret)
})

test('a control server that is killed while it tells somebody tells it once more, under the same id, and never again', async (t) => {
  const receiver = await startHttpReceiver()
  t.after(() => receiver.stop())
  const project = await tellingProject(t, `webhook('${receiver.url}')`)
  await project.up()
  // It takes the message, and Refit never hears of it.
  receiver.answer(() => undefined)
  await project.put(`${DROPS}/week-01.csv`, 'order_id,distance_km\no9,12\n')
  const first = await told(receiver, 'quarantined')
  await project.killFirst('control')
  receiver.answer((response) => response.writeHead(200).end())
  await project.up()
  const again = await told(receiver, 'quarantined', 2)
  assert.equal(again.id, first.id)
  assert.deepEqual({ ...again, url: undefined }, { ...first, url: undefined })
  await until('the end of it', async () => ((await project.api().notificationTargets()).every(({ waiting, lastSentAt }) => waiting === 0 && lastSentAt !== undefined) ? true : undefined))
  // Killed once more when all is told, and another drop told after it: what was told is not told again.
  await project.killFirst('control')
  await project.up()
  await project.put(`${DROPS}/week-02.csv`, 'order_id,distance_km\no8,13\n')
  await until('the next one', () => Promise.resolve(messagesAt(receiver).some(({ text }) => text.includes('week-02.csv')) || undefined))
  assert.equal(messagesAt(receiver).filter(({ text }) => text.includes('week-01.csv')).length, 2)
})
