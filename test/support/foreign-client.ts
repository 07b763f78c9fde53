import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

const python = process.env['REFIT_TEST_PYTHON']

/** For the options of a test that needs Python: without it the test is skipped, and says so. */
export const needsPython: { readonly skip?: string } = python === undefined ? { skip: 'REFIT_TEST_PYTHON names no interpreter' } : {}

/**
 * Runs a script with boto3, the client that most programs deliver with. It finds `arguments` as the JSON value `given`,
 * and what it prints as JSON is returned.
 * @throws Error with what it said, when it fails
 */
export async function runBoto3(script: string, given: unknown, environment: Readonly<Record<string, string>>): Promise<unknown> {
  return runPython(`import boto3\n${script}`, given, { AWS_DEFAULT_REGION: 'us-east-1', ...environment })
}

/** Runs a script of Python in the same way. @throws Error with what it said, when it fails */
export async function runPython(script: string, given: unknown, environment: Readonly<Record<string, string>> = {}): Promise<unknown> {
  if (python === undefined) throw new Error('REFIT_TEST_PYTHON names no interpreter')
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(python, ['-c', `import json, sys\ngiven = json.load(sys.stdin)\n${script}`], {
    env: { PATH, HOME, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  child.stdin.end(JSON.stringify(given))
  const [said, failed, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  if (code !== 0) throw new Error(`Python: ${failed}`)
  const answer: unknown = said === '' ? undefined : JSON.parse(said)
  return answer
}

/** One thing that the foreign client does to a bucket. */
export type Deed =
  | { readonly put: string; readonly content: string }
  /** In parts of 5 MiB and the rest. */
  | { readonly upload: string; readonly content: string }
  | { readonly delete: string }
  | { readonly copy: string; readonly to: string }

/** Does these one after the other. */
export async function deliverByBoto3(bucket: string, deeds: readonly Deed[], environment: Readonly<Record<string, string>>): Promise<void> {
  await runBoto3(DEEDS, { bucket, deeds }, environment)
}

const DEEDS = `
import io
from boto3.s3.transfer import TransferConfig
s3, bucket = boto3.client('s3'), given['bucket']
for deed in given['deeds']:
    if 'put' in deed:
        s3.put_object(Bucket=bucket, Key=deed['put'], Body=deed['content'].encode())
    elif 'upload' in deed:
        s3.upload_fileobj(io.BytesIO(deed['content'].encode()), bucket, deed['upload'], Config=TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20))
    elif 'delete' in deed:
        s3.delete_object(Bucket=bucket, Key=deed['delete'])
    else:
        s3.copy_object(Bucket=bucket, Key=deed['to'], CopySource={'Bucket': bucket, 'Key': deed['copy']})
`
