import { Type, type Static } from 'typebox'

/** How an S3-compatible server is reached. What is absent comes from the environment or the AWS configuration. */
export const S3Access = Type.Object(
  {
    /** Address of the server, e.g. `https://storage.example.com`; absent: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or AWS. */
    endpoint: Type.Optional(Type.String({ minLength: 1 })),
    region: Type.Optional(Type.String({ minLength: 1 })),
    /** Whether the bucket stands in the path and not in the host name; absent: where an endpoint is named. */
    pathStyle: Type.Optional(Type.Boolean()),
    /** Absent: the default chain of AWS (environment, profile, role of the machine or container). Secrets are references. */
    credentials: Type.Optional(
      Type.Object(
        {
          accessKeyId: Type.String({ minLength: 1 }),
          secretAccessKey: Type.String({ minLength: 1 }),
          sessionToken: Type.Optional(Type.String({ minLength: 1 })),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)
export type S3Access = Static<typeof S3Access>

/** What `s3://bucket/prefix` names: a bucket, and the text with which keys begin (may be empty). */
export interface S3Address {
  readonly bucket: string
  readonly prefix: string
}

const ADDRESS = /^s3:\/\/([A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9])(?:\/(.*))?$/su
const LONGEST_PREFIX_BYTES = 900

/** Undefined when the text is no such address. Slashes before and doubled within a prefix are kept out: no key has them. */
export function parseS3Address(text: string): S3Address | undefined {
  const match = ADDRESS.exec(text)
  if (match === null) return undefined
  const [, bucket = '', prefix = ''] = match
  if (prefix.startsWith('/') || prefix.includes('//') || Buffer.byteLength(prefix) > LONGEST_PREFIX_BYTES) return undefined
  // eslint-disable-next-line no-control-regex -- control characters are what is refused
  if (/[\u0000-\u001f\u007f]/.test(prefix) || prefix.split('/').some((part) => part === '.' || part === '..')) return undefined
  return { bucket, prefix }
}
