import type * as Sdk from '@aws-sdk/client-s3'
import type { S3Access } from '../define/s3-location.js'
import { revealSecrets } from '../define/secret.js'
import { loadOptional } from '../optional-package.js'

/** A client, and the commands it takes: both come with a package that is loaded when S3 is used. */
export interface S3 {
  readonly sdk: typeof Sdk
  readonly client: Sdk.S3Client
  /** For messages. */
  readonly endpoint: string
}

/** How long a server may be silent before the request is given up and repeated, milliseconds. */
export interface Patience {
  readonly connect: number
  readonly idle: number
}

/** Requests that one operation makes of the server when it fails each time. */
export const MOST_REQUESTS = 5

const USUAL_PATIENCE: Patience = { connect: 5000, idle: 30_000 }

/**
 * A client for a server, which repeats what failed for a passing reason up to `MOST_REQUESTS` times, with growing
 * delays and chance in them. Nothing is sent yet.
 * @throws RefitError `s3-not-installed`, `secret-missing`
 */
export async function connectS3(access: S3Access, patience: Patience = USUAL_PATIENCE): Promise<S3> {
  // The version that is locked runs on Node 20; that later ones will not is nothing a user could act on.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
  const sdk = await loadOptional('s3-not-installed', '@aws-sdk/client-s3', () => import('@aws-sdk/client-s3'))
  const endpoint = endpointOf(access, 'S3')
  const client = new sdk.S3Client({
    ...awsSettings(access, patience, 'S3'),
    ...(endpoint === undefined ? { followRegionRedirects: true } : {}),
    // Other servers than AWS seldom answer to `bucket.host`.
    forcePathStyle: access.pathStyle ?? endpoint !== undefined,
    // Checksums are asked for and given where they are wanted; those that the SDK adds by itself, as trailers, are
    // refused by servers that do not know them.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
  return { sdk, client, endpoint: endpoint ?? 'AWS' }
}

/** What the clients of all services have in common. @throws RefitError `secret-missing` */
export function awsSettings(access: S3Access, patience: Patience = USUAL_PATIENCE, service: string = 'S3') {
  const { credentials } = access
  const endpoint = endpointOf(access, service)
  const region = access.region ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'] ?? (endpoint === undefined ? undefined : 'us-east-1')
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined
      ? {}
      : {
          credentials: {
            accessKeyId: revealSecrets(credentials.accessKeyId),
            secretAccessKey: revealSecrets(credentials.secretAccessKey),
            ...(credentials.sessionToken === undefined ? {} : { sessionToken: revealSecrets(credentials.sessionToken) }),
          },
        }),
    retryMode: 'standard',
    maxAttempts: MOST_REQUESTS,
    requestHandler: { connectionTimeout: patience.connect, socketTimeout: patience.idle },
  } as const
}

function endpointOf(access: S3Access, service: string): string | undefined {
  const named = access.endpoint ?? process.env[`AWS_ENDPOINT_URL_${service}`] ?? process.env['AWS_ENDPOINT_URL']
  return named === undefined || named === '' ? undefined : revealSecrets(named)
}
