import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { RefitError } from '../../src/errors.js'
import type { Message } from '../../src/notifications/message.js'
import type { Notifier } from '../../src/notifications/notifier.js'

/** What has arrived at a receiver, as far as all of them tell it. */
export interface Arrived {
  /** Undefined where the receiver's own form has no place for it. */
  readonly id: string | undefined
  /** Everything that is to be read, without the receiver's own escapes. */
  readonly text: string
}

/** A notifier with its real receiver. */
export interface NotifierUnderTest {
  readonly notifier: Notifier
  arrived(): Promise<readonly Arrived[]>
  /** The receiver is away until it is mended. */
  breakDown(): Promise<void>
  mend(): Promise<void>
  /** From now on it takes what it is sent, and never answers. */
  hang(): Promise<void>
  /** The same, with options that refer to a secret which is not set. */
  readonly withoutSecret: Notifier
}

export function messageOf(message: Partial<Message> = {}): Message {
  return {
    formatVersion: 1,
    id: randomUUID(),
    kind: 'quarantined',
    at: '2026-03-02T06:00:00.000Z',
    project: 'sales',
    model: 'house-price',
    drop: 'house-price-d4',
    run: 'house-price-4',
    actor: 'refit',
    summary: 'house-price: drop week-04.csv is in quarantine',
    text: 'Drop week-04.csv of house-price was put into quarantine: price: 3 values are below 1.',
    next: '`refit drops house-price --state quarantined` tells what was wrong.',
    url: 'http://127.0.0.1:7700',
    ...message,
  }
}

/** What every notifier does. */
export function testNotifier(kind: string, open: (context: TestContext) => Promise<NotifierUnderTest>): void {
  const never = new AbortController().signal
  const named = (behaviour: string): string => `${kind}: ${behaviour}`

  test(named('a message is taken with all that is to be read, and its id'), async (context) => {
    const { notifier, arrived } = await open(context)
    const message = messageOf()
    assert.equal((await notifier.send(message, never)).kind, 'taken')
    const [only, ...others] = await arrived()
    assert.ok(only !== undefined && others.length === 0)
    assert.ok(only.id === undefined || only.id.includes(message.id), only.id)
    for (const text of [message.summary, message.text, message.next, 'house-price-4', 'sales', 'http://127.0.0.1:7700']) assert.ok(only.text.includes(text), `${text} in ${only.text}`)
  })

  test(named('characters that mean something to others arrive as they are'), async (context) => {
    const { notifier, arrived } = await open(context)
    const awkward = 'week <!channel> & "quoted" \'single\' $HOME `ls` {{x}} %s ünïcödé 価格 😀 .\\n <https://evil.example|click>'
    assert.equal((await notifier.send(messageOf({ text: awkward }), never)).kind, 'taken')
    assert.ok((await arrived())[0]?.text.includes(awkward), (await arrived())[0]?.text)
  })

  test(named('a message that comes late says so'), async (context) => {
    const { notifier, arrived } = await open(context)
    await notifier.send(messageOf({ late: true }), never)
    assert.match((await arrived())[0]?.text ?? '', /late/i)
  })

  test(named('a receiver that is away fails the try with a reason, and takes the same message when it is back'), async (context) => {
    const { notifier, arrived, breakDown, mend } = await open(context)
    const message = messageOf()
    await breakDown()
    const failed = await notifier.send(message, never)
    assert.ok(failed.kind === 'failed' && failed.reason.length > 5, JSON.stringify(failed))
    await mend()
    assert.equal((await notifier.send(message, never)).kind, 'taken')
    assert.equal((await notifier.send(message, never)).kind, 'taken')
    const ids = (await arrived()).slice(-2).map(({ id }) => id)
    assert.equal(ids.length, 2)
    assert.equal(ids[0], ids[1])
  })

  test(named('a receiver that never answers is left when the try is broken off'), async (context) => {
    const { notifier, arrived, hang } = await open(context)
    await hang()
    const stop = new AbortController()
    const sending = notifier.send(messageOf(), stop.signal)
    while ((await arrived()).length === 0) await new Promise((resolve) => setImmediate(resolve))
    stop.abort()
    assert.equal((await sending).kind, 'failed')
  })

  test(named('a secret that is not set is told by its name'), async (context) => {
    const { withoutSecret } = await open(context)
    await assert.rejects(withoutSecret.send(messageOf(), never), (error) => error instanceof RefitError && error.code === 'secret-missing' && error.message.includes('TEST_NOTIFY_MISSING'))
  })
}
