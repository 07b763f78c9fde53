import { RefitError, refitError } from '../errors.js'

/** What was tried, for the words of an error. */
export interface Attempted {
  /** E.g. `to read`. */
  readonly action: string
  readonly bucket: string
  readonly key?: string
  readonly endpoint: string
}

const AWAY_STATUS: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504, 509])
const AWAY_CODES: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EPROTO', 'ECONNABORTED'])
const AWAY_NAMES: ReadonlySet<string> = new Set(['TimeoutError', 'RequestTimeout', 'SlowDown', 'Throttling', 'ThrottlingException', 'ServiceUnavailable', 'InternalError'])
const SETTINGS_NAMES: ReadonlySet<string> = new Set(['CredentialsProviderError', 'TokenProviderError', 'ProviderError'])

/** An error of the SDK in our words, once; what is not foreseen, and an abort, stays as it is. */
export function s3Fault(error: unknown, attempted: Attempted): unknown {
  if (!(error instanceof Error) || error instanceof RefitError || error.name === 'AbortError') return error
  const { action, bucket, endpoint, key } = attempted
  const place = key === undefined ? `s3://${bucket}` : `s3://${bucket}/${key}`
  const reason = reasonOf(error)
  const cause = { cause: error }
  if (error.name === 'NoSuchBucket') return refitError('s3-bucket-missing', { bucket, endpoint }, cause)
  if (SETTINGS_NAMES.has(error.name) || /region is missing|invalid url|invalid endpoint/i.test(error.message)) return refitError('s3-unconfigured', { reason }, cause)
  const status = statusOf(error)
  if (isAway(error, status)) return refitError('s3-away', { endpoint, reason }, cause)
  if (status !== undefined && status >= 300 && status < 500) return refitError('s3-refused', { action, place, reason }, cause)
  if (isUnreadable(error)) return refitError('s3-away', { endpoint, reason }, cause)
  return error
}

/** Whether there is no such key: a fact, not a failure. */
export function isAbsent(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error.name === 'NoSuchKey' || error.name === 'NoSuchVersion') return true
  // HEAD has no body that could say more; a bucket that is not there is found by the next request that has one.
  return error.name === 'NotFound' || (statusOf(error) === 404 && error.name !== 'NoSuchBucket' && error.name !== 'NoSuchUpload')
}

/** Whether an answer came that cannot be read: a page of a proxy, or half of the XML. */
export function isUnreadable(error: unknown): boolean {
  // What S3 itself calls a failure says whose fault it is.
  return error instanceof Error && !('$fault' in error) && statusOf(error) !== undefined
}

/** The error code that S3 gave, or the name of the error. */
export function faultName(error: unknown): string {
  return error instanceof Error ? error.name : ''
}

/** Status of the answer that an error came from; undefined when there was none. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined
  const metadata = error.$metadata
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined
}

function isAway(error: Error, status: number | undefined): boolean {
  if (status !== undefined && AWAY_STATUS.has(status)) return true
  if (AWAY_NAMES.has(error.name)) return true
  return 'code' in error && typeof error.code === 'string' && AWAY_CODES.has(error.code)
}

function reasonOf(error: Error): string {
  const status = statusOf(error)
  // Of an answer that cannot be read, the second line tells a programmer where to look.
  const [line = ''] = error.message.split('\n')
  const words = line === 'UnknownError' ? '' : line
  const name = ['Error', 'Unknown', 'UnknownError'].includes(error.name) ? '' : error.name
  const said = [name, words].filter((part, index, parts) => part !== '' && parts.indexOf(part) === index).join(': ')
  if (said !== '') return said
  return status === undefined ? 'no reason was given' : `status ${status}`
}
