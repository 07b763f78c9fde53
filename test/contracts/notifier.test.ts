import { chmod, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { systemClock } from '../../src/clock.js'
import { emailNotifier } from '../../src/notifications/email/adapter.js'
import { email } from '../../src/notifications/email/definition.js'
import type { Notifier } from '../../src/notifications/notifier.js'
import { programNotifier } from '../../src/notifications/program/adapter.js'
import { program } from '../../src/notifications/program/definition.js'
import { slackNotifier } from '../../src/notifications/slack/adapter.js'
import { slack } from '../../src/notifications/slack/definition.js'
import { webhookNotifier } from '../../src/notifications/webhook/adapter.js'
import { webhook } from '../../src/notifications/webhook/definition.js'
import { readableMail } from '../support/readable-mail.js'
import { startHttpReceiver, type HttpReceiver } from '../support/http-receiver.js'
import { startMailServer } from '../support/mail-server.js'
import { testNotifier, type Arrived, type NotifierUnderTest } from './notifier.js'

const MISSING = '${secret:TEST_NOTIFY_MISSING}'

async function overHttp(context: TestContext, notifierOf: (url: string) => Notifier, read: (request: HttpReceiver['requests'][number]) => Arrived): Promise<NotifierUnderTest> {
  const receiver = await startHttpReceiver()
  context.after(() => receiver.stop())
  return {
    notifier: notifierOf(receiver.url),
    arrived: () => Promise.resolve(receiver.requests.map(read)),
    breakDown: receiver.stop,
    mend: receiver.start,
    hang: () => {
      receiver.answer(() => undefined)
      return Promise.resolve()
    },
    withoutSecret: notifierOf(MISSING),
  }
}

testNotifier('webhook', (context) =>
  overHttp(
    context,
    (url) => webhookNotifier(systemClock, webhook(url, { secret: 'a-key' }).options),
    ({ headers, body }) => ({ id: String(headers['refit-delivery']), text: textsIn(JSON.parse(body)).join('\n') }),
  ),
)

testNotifier('slack', (context) =>
  overHttp(
    context,
    (url) => slackNotifier(slack(url).options),
    ({ body }) => {
      const message: unknown = JSON.parse(body)
      const blocks: unknown = Reflect.get(Object(message), 'blocks')
      // What a channel shows, with the escapes undone as Slack does.
      return { id: undefined, text: textsIn(blocks).join('\n').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&') }
    },
  ),
)

testNotifier('email', async (context) => {
  const server = await startMailServer()
  context.after(() => server.stop())
  const notifierOf = (smtp: string): Notifier => emailNotifier(email({ smtp, from: 'refit@example.com', to: 'owner@example.com' }).options)
  return {
    notifier: notifierOf(`smtp://${server.address}`),
    arrived: () =>
      Promise.resolve(
        server.mails.map(({ source }) => {
          const { headers, text } = readableMail(source)
          return { id: headers.get('message-id'), text: `${headers.get('subject') ?? ''}\n${text}` }
        }),
      ),
    breakDown: server.stop,
    mend: server.start,
    hang: () => {
      server.hang(true)
      return Promise.resolve()
    },
    withoutSecret: notifierOf(MISSING),
  }
})

testNotifier('program', async (context) => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'refit-notifier-')))
  context.after(() => rm(folder, { recursive: true, force: true }))
  const script = join(folder, 'tell')
  const write = async (after: string): Promise<void> => {
    // Beside and then renamed: what is being read must be whole.
    await writeFile(script, `#!/bin/sh\ncp "$REFIT_NOTIFICATION" "$TOLD/.new" && mv "$TOLD/.new" "$TOLD/told-$(date +%s%N)"\n${after}\n`)
    await chmod(script, 0o755)
  }
  await write('')
  const notifierOf = (environment: Readonly<Record<string, string>>): Notifier =>
    programNotifier({ projectFolder: folder, stateFolder: join(folder, '.refit'), target: 'program' }, program(['./tell'], { environment }).options)
  return {
    notifier: notifierOf({ TOLD: folder }),
    arrived: async () => {
      const names = (await readdir(folder)).filter((name) => name.startsWith('told-')).toSorted()
      return Promise.all(
        names.map(async (name) => {
          const message: unknown = JSON.parse(await readFile(join(folder, name), 'utf8'))
          return { id: String(Reflect.get(Object(message), 'id')), text: textsIn(message).join('\n') }
        }),
      )
    },
    breakDown: () => rm(script),
    mend: () => write(''),
    hang: () => write('sleep 600'),
    withoutSecret: notifierOf({ KEY: MISSING }),
  }
})

/** Every text in plain data, and the names of what is true. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => (inner === true ? [name] : textsIn(inner)))
}
