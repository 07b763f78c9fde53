/**
 * What somebody tells of one object in a bucket. It is a hint and nothing more: what is there is looked at in the
 * bucket itself, so that it does not matter in which order announcements come, how often, or whether they are true.
 */
export interface Announcement {
  /** As the sender names itself: `aws:s3`, `minio:s3`, `aws.s3`; of a CloudEvent its source. */
  readonly system: string
  readonly bucket: string
  readonly key: string
  /** The key as it was written, before it was decoded. */
  readonly rawKey: string
  readonly versionId: string | undefined
  readonly eTag: string | undefined
  /** Bytes. */
  readonly size: number | undefined
  readonly kind: 'created' | 'removed'
  /** Orders the events of one key for whoever can compare it; nothing here does. */
  readonly sequencer: string | undefined
  /** When it happened, as the sender writes it. */
  readonly at: string | undefined
  /** By which a repetition could be told. */
  readonly deliveryId: string | undefined
  /** What it came in, the outermost first. */
  readonly envelopes: readonly Envelope[]
}

/** A message that carries another one. */
export interface Envelope {
  readonly kind: 'sns' | 'sqs' | 'cloud-event'
  readonly id: string | undefined
  /** The topic, queue or source that it came from. */
  readonly from: string | undefined
  /** Of a CloudEvent: what happened. */
  readonly type?: string
}
