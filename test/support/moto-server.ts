import { spawn } from 'node:child_process'
import { until } from './running-project.js'
import { freePort } from './s3-server.js'

const python = process.env['REFIT_TEST_PYTHON']

/** A stand-in for the services of AWS that no server of ours has: SQS, SNS and EventBridge. It has its own process. */
export interface MotoServer {
  readonly endpoint: string
  /** Its endpoint and keys for boto3. */
  readonly environment: Readonly<Record<string, string>>
  stop(): Promise<void>
}

export async function startMotoServer(): Promise<MotoServer> {
  if (python === undefined) throw new Error('REFIT_TEST_PYTHON names no interpreter')
  const port = await freePort()
  const endpoint = `http://127.0.0.1:${port}`
  const child = spawn(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-2000)
  })
  await until('moto', async () => {
    if (child.exitCode !== null) throw new Error(`moto ended at once: ${said}`)
    return (await fetch(`${endpoint}/moto-api/`).catch(() => undefined))?.ok === true ? true : undefined
  })
  return {
    endpoint,
    environment: { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any' },
    stop: () =>
      new Promise<void>((resolve) => {
        child.once('exit', () => resolve())
        child.kill('SIGKILL')
      }),
  }
}
