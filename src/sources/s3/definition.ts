import { Type } from 'typebox'
import { parseDuration, type Duration } from '../../define/measures.js'
import { parseS3Address, S3Access } from '../../define/s3-location.js'
import type { AdapterReference } from '../../define/stored-definition.js'

export const kind = 's3'

export const options = Type.Object(
  {
    ...S3Access.properties,
    address: Type.String({ minLength: 1 }),
    complete: Type.Optional(Type.Union([Type.Literal('_SUCCESS'), Type.Literal('manifest')])),
    /** Milliseconds. */
    listEvery: Type.Integer({ minimum: 1000 }),
    announcements: Type.Optional(
      Type.Object(
        { secret: Type.Optional(Type.String({ minLength: 1 })), topics: Type.Optional(Type.Array(Type.String({ pattern: '^arn:[\\w-]+:sns:' }))) },
        { additionalProperties: false },
      ),
    ),
    queue: Type.Optional(Type.String({ pattern: '^https?://' })),
  },
  { additionalProperties: false },
)

export interface S3Options {
  /** Address of an S3-compatible server; default: that of the environment, or AWS. */
  readonly endpoint?: string
  readonly region?: string
  /** Whether the bucket stands in the path; default: where an endpoint is named. */
  readonly pathStyle?: boolean
  /** Default: those of the environment, the profile or the machine. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
  /** What makes a drop of several files: a `_SUCCESS` below its prefix, or a manifest that names them. Default: each object is one. */
  readonly complete?: '_SUCCESS' | 'manifest'
  /** Time between two listings, which find what was not announced; default `'1 minute'`. */
  readonly listEvery?: Duration
  /** Whom to believe who announces objects: whoever knows the secret, and SNS for these topics. Default: nobody. */
  readonly announcements?: { readonly secret?: string; readonly topics?: readonly string[] }
  /** URL of an SQS queue where objects are announced. */
  readonly queue?: string
}

/**
 * Every object below a prefix of a bucket is a drop, unless several make one. The address is `s3://bucket` or
 * `s3://bucket/prefix`.
 * @throws Error for what is no address, or no duration
 */
export function s3(address: string, { listEvery = '1 minute', ...given }: S3Options = {}): AdapterReference {
  if (parseS3Address(address) === undefined) throw new Error(`"${address}" is no address of a source; write s3://bucket or s3://bucket/prefix`)
  const milliseconds = parseDuration(listEvery)
  if (milliseconds === undefined) throw new Error(`listEvery: "${listEvery}" is no duration; write e.g. '1 minute'`)
  return { kind, options: { address, ...given, listEvery: milliseconds } }
}
