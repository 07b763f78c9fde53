import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { connectS3, type S3 } from '../../src/s3/client.js'
import type { S3Access } from '../../src/define/s3-location.js'
import { portOf } from './on-loopback.js'
import { until } from './running-project.js'

/** A real S3-compatible server (versitygw); CI builds it. */
const program = process.env['REFIT_TEST_S3_SERVER']

/** For the options of a test that needs it: without the server it is skipped, and says so. */
export const needsS3Server: { readonly skip?: string } = program === undefined ? { skip: 'REFIT_TEST_S3_SERVER names no S3 server' } : {}

export interface S3ServerOptions {
  /** Where it posts an S3 event for each change. */
  readonly webhook?: string
}

export interface S3Server {
  readonly endpoint: string
  /** Endpoint, region and keys, as a project file may have them. */
  readonly access: S3Access & { readonly endpoint: string; readonly region: string; readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } }
  /** The same for a program that reads its environment: Refit, boto3, the SDK. */
  readonly environment: Readonly<Record<string, string>>
  /** Where it keeps a bucket: a file for each object. */
  folderOf(bucket: string): string
  /** Makes a bucket and returns its name. */
  bucket(name: string, options?: { readonly versions?: boolean }): Promise<string>
  /** Ends it by SIGKILL; what it keeps stays. */
  halt(): Promise<void>
  /** Starts it again at the same address. */
  start(): Promise<void>
  /** Ends it and removes what it keeps. */
  close(): Promise<void>
}

/** Starts a server of its own in a temporary folder, on a free port, with random keys. It ends with the test. */
export async function startS3Server(context: Pick<TestContext, 'after'>, options: S3ServerOptions = {}): Promise<S3Server> {
  const server = await s3Server(options)
  context.after(() => server.close())
  return server
}

/** The same, for the caller to close. */
export async function s3Server({ webhook }: S3ServerOptions = {}): Promise<S3Server> {
  if (program === undefined) throw new Error('REFIT_TEST_S3_SERVER names no S3 server')
  const folder = await mkdtemp(join(tmpdir(), 'refit-s3-'))
  const [objects, versions] = [join(folder, 'objects'), join(folder, 'versions')]
  for (const each of [objects, versions]) await mkdir(each)
  const port = await freePort()
  const endpoint = `http://127.0.0.1:${port}`
  const credentials = { accessKeyId: randomBytes(10).toString('hex'), secretAccessKey: randomBytes(20).toString('hex') }
  const access = { endpoint, region: 'us-east-1', credentials }
  let child: ChildProcess | undefined
  let s3: S3 | undefined

  const start = async (): Promise<void> => {
    const { PATH = '' } = process.env
    const keys = { ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey }
    const started = spawn(program, ['--port', `127.0.0.1:${port}`, '--quiet', '--health', '/health', ...(webhook === undefined ? [] : ['--event-webhook-url', webhook]), 'posix', '--versioning-dir', versions, objects], {
      env: { PATH, ...keys },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    child = started
    let said = ''
    started.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk.toString()}`.slice(-2000)
    })
    let fault: Error | undefined
    started.once('error', (error) => {
      fault = error
    })
    await until('the S3 server', async () => {
      if (fault !== undefined || started.exitCode !== null) throw new Error(`${program} ended at once: ${said}`, { cause: fault })
      return (await fetch(`${endpoint}/health`).catch(() => undefined))?.ok === true ? true : undefined
    })
  }
  const halt = async (): Promise<void> => {
    const ending = child
    child = undefined
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return
    await new Promise<void>((resolve) => {
      ending.once('exit', () => resolve())
      ending.kill('SIGKILL')
    })
  }

  await start()
  return {
    endpoint,
    access,
    environment: { AWS_ENDPOINT_URL: endpoint, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey },
    folderOf: (bucket) => join(objects, bucket),
    bucket: async (name, { versions: keepVersions = false } = {}) => {
      s3 ??= await connectS3(access)
      const { sdk, client } = s3
      await client.send(new sdk.CreateBucketCommand({ Bucket: name }))
      if (keepVersions) await client.send(new sdk.PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration: { Status: 'Enabled' } }))
      return name
    },
    halt,
    start,
    close: async () => {
      s3?.client.destroy()
      await halt()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A port that nothing listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer()
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(portOf(server.address())))
  })
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  return port
}
