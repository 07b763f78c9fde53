/** What senders deliver, and what it announces: `created bucket key`, with the version where one is told. */
export interface Vector {
  readonly name: string
  readonly headers?: Readonly<Record<string, string>>
  /** Text as it is; anything else as JSON. */
  readonly body: unknown
  readonly announces: readonly string[]
  /** Kinds of the envelopes of the first one, the outermost first. */
  readonly envelopes?: readonly string[]
}

const record = (object: object, rest: object = {}): object => ({
  eventVersion: '2.1',
  eventSource: 'aws:s3',
  awsRegion: 'us-east-1',
  eventTime: '2026-01-02T03:04:05.678Z',
  eventName: 'ObjectCreated:Put',
  userIdentity: { principalId: 'AIDA' },
  requestParameters: { sourceIPAddress: '127.0.0.1' },
  responseElements: { 'x-amz-request-id': 'R1', 'x-amz-id-2': 'H1' },
  s3: { s3SchemaVersion: '1.0', configurationId: 'cfg', bucket: { name: 'data', ownerIdentity: {}, arn: 'arn:aws:s3:::data' }, object },
  ...rest,
})
export const notification = { Records: [record({ key: 'train/red+flower%C3%A9.csv', size: 1024, eTag: 'd41d8cd98f00b204e9800998ecf8427e', versionId: 'v1', sequencer: '0055AED6DCD90281E5' })] }
const expected = ['created data train/red floweré.csv v1']

const sns = (message: unknown): object => ({
  Type: 'Notification',
  MessageId: 'm1',
  TopicArn: 'arn:aws:sns:us-east-1:111122223333:drops',
  Subject: 'Amazon S3 Notification',
  Message: JSON.stringify(message),
  Timestamp: '2026-01-02T03:04:06.000Z',
  SignatureVersion: '2',
  Signature: 'AAAA',
  SigningCertURL: 'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem',
  UnsubscribeURL: 'https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe',
})
const lambda = (body: unknown): object => ({ messageId: 'q1', receiptHandle: 'r', body: JSON.stringify(body), attributes: {}, eventSource: 'aws:sqs', eventSourceARN: 'arn:aws:sqs:us-east-1:111122223333:drops' })
const bridged = {
  version: '0',
  id: '17793124-05d4-b198-2fde-7ededc63b103',
  'detail-type': 'Object Created',
  source: 'aws.s3',
  account: '111122223333',
  time: '2026-01-02T03:04:05Z',
  region: 'us-east-1',
  resources: ['arn:aws:s3:::data'],
  detail: {
    version: '0',
    bucket: { name: 'data' },
    object: { key: 'train/100% red+flower%20é.csv', size: 5, etag: 'b1946ac92492d2347c6235b4d2611184', 'version-id': 'v1', sequencer: '617f08299329d189' },
    'request-id': 'N4N7GDK58NMKJ12R',
    requester: '111122223333',
    'source-ip-address': '1.2.3.4',
    reason: 'PutObject',
  },
}
const cloudEvent = { specversion: '1.0', id: 'a1', source: '/storage/data', type: 'com.example.object.created', subject: 'train/x.csv', datacontenttype: 'application/json' }
const structured = { 'content-type': 'application/cloudevents+json; charset=utf-8' }
const binary = { 'content-type': 'application/json', 'ce-specversion': '1.0', 'ce-id': 'a1', 'ce-source': '/storage/data', 'ce-type': 'com.example.object.created', 'ce-subject': 'train/x.csv' }

const minio = {
  EventName: 's3:ObjectCreated:Put',
  Key: 'data/train/red flower+é #1.csv',
  Records: [
    record(
      { key: 'train%2Fred+flower%2B%C3%A9+%231.csv', size: 5, eTag: 'b1946ac92492d2347c6235b4d2611184', contentType: 'text/csv', userMetadata: { 'content-type': 'text/csv' }, sequencer: '17A3B7C2D4E5F601' },
      { eventVersion: '2.0', eventSource: 'minio:s3', awsRegion: '', eventName: 's3:ObjectCreated:Put', source: { host: '127.0.0.1', port: '', userAgent: 'MinIO' } },
    ),
  ],
}

export const vectors: readonly Vector[] = [
  { name: 'S3', body: notification, announces: expected, envelopes: [] },
  { name: 'S3 without versions', body: { Records: [record({ key: 'a.csv', size: 1, eTag: 'e', versionId: null })] }, announces: ['created data a.csv'] },
  { name: 'S3 of a later minor version with fields that nobody knows', body: { Records: [record({ key: 'a.csv', shade: { of: 'blue' } }, { eventVersion: '2.9', more: [1] })], extra: true }, announces: ['created data a.csv'] },
  { name: 'S3, removed: no size and no tag', body: { Records: [record({ key: 'a.csv', sequencer: '0A' }, { eventName: 'ObjectRemoved:DeleteMarkerCreated' })] }, announces: ['removed data a.csv'] },
  { name: 'S3, restored from an archive', body: { Records: [record({ key: 'a.csv' }, { eventName: 'ObjectRestore:Completed' })] }, announces: ['created data a.csv'] },
  { name: 'S3, neither new nor gone', body: { Records: [record({ key: 'a.csv' }, { eventName: 'ObjectTagging:Put' })] }, announces: [] },
  { name: 'S3, many at once', body: { Records: ['a', 'b', 'c'].map((key) => record({ key })) }, announces: ['created data a', 'created data b', 'created data c'] },
  { name: 'S3, a plus that is one', body: { Records: [record({ key: 'a%2Bb+c%20d%2525.csv' })] }, announces: ['created data a+b c d%25.csv'] },
  { name: 'S3, a key with everything', body: { Records: [record({ key: 'Z%C3%BCrich%2F%231+50%25%3F%26%3D%F0%9F%8C%B7.csv' })] }, announces: ['created data Zürich/#1 50%?&=🌷.csv'] },
  { name: 'S3, the marker of a folder', body: { Records: [record({ key: 'train/' })] }, announces: ['created data train/'] },
  { name: 'S3, its test event on setup', body: { Service: 'Amazon S3', Event: 's3:TestEvent', Time: '2026-01-02T03:04:05.678Z', Bucket: 'data', RequestId: 'R', HostId: 'H' }, announces: [] },
  { name: 'S3, nothing at all', body: { Records: [] }, announces: [] },
  { name: 'Versity: the key is not encoded', body: { Records: [record({ key: '100% é#1.csv', versionId: null }, { eventName: 's3:ObjectCreated:Put' })] }, announces: ['created data 100% é#1.csv'] },
  { name: 'S3, a key that is no UTF-8 when it is decoded', body: { Records: [record({ key: '%FF.csv' })] }, announces: ['created data %FF.csv'] },
  { name: 'MinIO', body: minio, announces: ['created data train/red flower+é #1.csv'], envelopes: [] },
  { name: 'EventBridge: the key is not encoded', body: bridged, announces: ['created data train/100% red+flower%20é.csv v1'], envelopes: [] },
  { name: 'EventBridge, removed', body: { ...bridged, 'detail-type': 'Object Deleted', detail: { ...bridged.detail, 'deletion-type': 'Permanently Deleted' } }, announces: ['removed data train/100% red+flower%20é.csv v1'] },
  { name: 'EventBridge, neither', body: { ...bridged, 'detail-type': 'Object Tags Added' }, announces: [] },
  { name: 'SNS', headers: { 'content-type': 'text/plain; charset=UTF-8', 'x-amz-sns-message-type': 'Notification' }, body: sns(notification), announces: expected, envelopes: ['sns'] },
  { name: 'SNS, raw', headers: { 'content-type': 'text/plain; charset=UTF-8', 'x-amz-sns-rawdelivery': 'true' }, body: JSON.stringify(notification), announces: expected, envelopes: [] },
  { name: 'SNS, a subscription to confirm', body: { ...sns('x'), Type: 'SubscriptionConfirmation', Token: 't', SubscribeURL: 'https://sns.us-east-1.amazonaws.com/' }, announces: [] },
  { name: 'SNS as Lambda gets it', body: { Records: [{ EventSource: 'aws:sns', EventVersion: '1.0', Sns: sns(notification) }] }, announces: expected, envelopes: ['sns'] },
  { name: 'SQS', body: { MessageId: 'q1', ReceiptHandle: 'r', Body: JSON.stringify(notification) }, announces: expected, envelopes: ['sqs'] },
  { name: 'SQS as Lambda gets it', body: { Records: [lambda(notification), lambda(bridged)] }, announces: [...expected, 'created data train/100% red+flower%20é.csv v1'], envelopes: ['sqs'] },
  { name: 'SNS in SQS as Lambda gets it', body: { Records: [lambda(sns(notification))] }, announces: expected, envelopes: ['sqs', 'sns'] },
  { name: 'EventBridge in SNS in SQS', body: { Body: JSON.stringify(sns(bridged)) }, announces: ['created data train/100% red+flower%20é.csv v1'], envelopes: ['sqs', 'sns'] },
  { name: 'CloudEvents, structured', headers: structured, body: { ...cloudEvent, data: { bucket: 'data', key: 'train/x+1.csv' } }, announces: ['created data train/x+1.csv'], envelopes: ['cloud-event'] },
  { name: 'CloudEvents, in Base64', headers: structured, body: { ...cloudEvent, data_base64: Buffer.from('{"bucket":"data","key":"é.csv"}').toString('base64') }, announces: ['created data é.csv'] },
  { name: 'CloudEvents, something removed', headers: structured, body: { ...cloudEvent, type: 'com.example.object.deleted', data: { bucket: 'data', key: 'x.csv' } }, announces: ['removed data x.csv'] },
  { name: 'CloudEvents, an event without data', headers: structured, body: cloudEvent, announces: [] },
  {
    name: 'CloudEvents, a batch',
    headers: { 'content-type': 'application/cloudevents-batch+json' },
    body: [1, 2].map((each) => ({ ...cloudEvent, id: `a${each}`, data: { bucket: 'data', key: `${each}.csv` } })),
    announces: ['created data 1.csv', 'created data 2.csv'],
  },
  { name: 'CloudEvents, an empty batch', headers: { 'content-type': 'application/cloudevents-batch+json' }, body: [], announces: [] },
  { name: 'CloudEvents, binary', headers: binary, body: { bucket: 'data', key: 'train/x.csv' }, announces: ['created data train/x.csv'], envelopes: ['cloud-event'] },
  { name: 'CloudEvents, binary, quoted and encoded', headers: { ...binary, 'ce-source': '"/st\\"orage/%C3%A9 %2541"' }, body: { bucket: 'data', key: 'x' }, announces: ['created data x'] },
  {
    name: 'CloudEvents by the convention for S3',
    headers: { ...binary, 'ce-type': 'com.amazonaws.s3.ObjectCreated:Put', 'ce-source': 'aws:s3.us-east-1.data', 'ce-id': 'R1.H1', 'ce-subject': 'train/red+flower%25C3%25A9.csv' },
    body: notification.Records[0],
    announces: expected,
    envelopes: ['cloud-event'],
  },
  { name: 'a script of one’s own', body: { bucket: 'data', key: 'a b.csv', versionId: 'v2' }, announces: ['created data a b.csv v2'] },
]

export interface Malformed {
  readonly name: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
  /** Where, or what, the error says. */
  readonly fault: RegExp
}

const nested = (levels: number): unknown => (levels === 0 ? notification : { Body: JSON.stringify(nested(levels - 1)) })

export const malformed: readonly Malformed[] = [
  { name: 'nothing', body: '', fault: /body is no JSON/ },
  { name: 'no JSON', body: '{"Records":', fault: /body is no JSON/ },
  { name: 'a number', body: 1, fault: /body is no object/ },
  { name: 'null', body: null, fault: /body is no object/ },
  { name: 'lists in lists', body: [[]], fault: /body\[0\] is no object/ },
  { name: 'an object of no form', body: { hello: 'world' }, fault: /body is of no form/ },
  { name: 'S3 of another major version', body: { Records: [record({ key: 'a' }, { eventVersion: '3.0' })] }, fault: /Records\[0\]\.eventVersion is 3\.0/ },
  { name: 'S3 without a key', body: { Records: [record({ size: 1 })] }, fault: /body\.Records\[0\]\.s3\.object\.key is missing/ },
  { name: 'S3 with an empty key', body: { Records: [record({ key: '' })] }, fault: /body\.Records\[0\]\.s3\.object\.key/ },
  { name: 'S3 whose records are of two kinds', body: { Records: [record({ key: 'a' }), { hello: 'world' }] }, fault: /body is of no form/ },
  { name: 'EventBridge without detail', body: { ...bridged, detail: undefined }, fault: /body\.detail is missing/ },
  { name: 'SNS with words', body: { ...sns(notification), Message: 'hello' }, fault: /body\.Message is no JSON/ },
  { name: 'SNS of a strange type', body: { ...sns(notification), Type: 'Sermon' }, fault: /body\.Type/ },
  { name: 'SNS as Lambda gets it, with words', body: { Records: [{ Sns: { ...sns(1), Message: 'hello' } }] }, fault: /body\.Records\[0\]\.Sns\.Message is no JSON/ },
  { name: 'four envelopes', body: nested(4), fault: /more than 3 envelopes/ },
  { name: 'CloudEvents of another version', headers: structured, body: { ...cloudEvent, specversion: '0.3', data: {} }, fault: /body\.specversion/ },
  { name: 'CloudEvents without id', headers: structured, body: { ...cloudEvent, id: undefined, data: {} }, fault: /body\.id is missing/ },
  { name: 'CloudEvents with data twice', headers: structured, body: { ...cloudEvent, data: {}, data_base64: '' }, fault: /both data and data_base64/ },
  { name: 'CloudEvents with what is no Base64', headers: structured, body: { ...cloudEvent, data_base64: '*' }, fault: /no Base64/ },
  { name: 'CloudEvents with data of no form', headers: structured, body: { ...cloudEvent, data: { colour: 'red' } }, fault: /body\.data is of no form/ },
  { name: 'CloudEvents, binary, with a header that is no UTF-8', headers: { ...binary, 'ce-id': '%C3%28' }, body: { bucket: 'data', key: 'x' }, fault: /header ce-id is no UTF-8/ },
  { name: 'a script that forgets the key', body: { bucket: 'data', key: 7 }, fault: /body\.key/ },
  { name: 'more than ten thousand', body: Array.from({ length: 10_001 }, () => ({ bucket: 'data', key: 'a' })), fault: /more than 10000/ },
]
