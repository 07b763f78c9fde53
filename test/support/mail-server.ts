import { text } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'

/** A mail as it arrived, headers and body. */
export interface ReceivedMail {
  readonly from: string
  readonly to: readonly string[]
  readonly source: string
  readonly user: string | undefined
}

/** A real SMTP server that keeps what it is sent. */
export interface MailServer {
  readonly address: string
  readonly mails: readonly ReceivedMail[]
  /** Recipients that it refuses for good. */
  readonly unknown: Set<string>
  /** While true, it takes a mail and never says so. */
  hang(whether: boolean): void
  stop(): Promise<void>
  start(): Promise<void>
}

/** `login`: who has to log in, by which words. */
export async function startMailServer({ login }: { readonly login?: { readonly user: string; readonly password: string } } = {}): Promise<MailServer> {
  const mails: ReceivedMail[] = []
  const unknown = new Set<string>()
  let hangs = false
  let port = 0
  let server: SMTPServer | undefined
  const listen = async (): Promise<void> => {
    const made = new SMTPServer({
      authOptional: login === undefined,
      hideSTARTTLS: true,
      allowInsecureAuth: true,
      closeTimeout: 100,
      onAuth: ({ username, password }, _session, done) => {
        if (username === login?.user && password === login?.password) done(null, { user: username })
        else done(new Error('Invalid username or password'))
      },
      onRcptTo: ({ address }, _session, done) => {
        if (unknown.has(address)) done(Object.assign(new Error('no such mailbox'), { responseCode: 550 }))
        else done()
      },
      onData: (stream, session, done) => {
        const take = async (): Promise<void> => {
          const source = await text(stream)
          const { mailFrom, rcptTo } = session.envelope
          mails.push({
            from: mailFrom === false || mailFrom === null ? '' : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
            source,
            user: typeof session.user === 'string' ? session.user : undefined,
          })
          if (!hangs) done()
        }
        void take()
      },
    })
    made.on('error', () => undefined)
    await new Promise<void>((resolve) => {
      made.listen(port, '127.0.0.1', resolve)
    })
    const address = made.server.address()
    if (typeof address === 'object' && address !== null) port = address.port
    server = made
  }
  await listen()
  return {
    address: `127.0.0.1:${port}`,
    mails,
    unknown,
    hang: (whether) => {
      hangs = whether
    },
    start: listen,
    stop: async () => {
      const stopping = server
      server = undefined
      if (stopping === undefined) return
      await new Promise<void>((resolve) => {
        stopping.close(() => resolve())
      })
    },
  }
}
