import { Failure } from '../http/failure.js'
import type { Signature, SignatureColumn } from '../packages/manifest.js'
import type { LiveModel } from './live-set.js'
import { ClassPrediction, LiveModelAnswer, MOST_ROWS } from './wire.js'

/** Describes how one model is asked, as OpenAPI 3.1: its inputs are those of the version that is live. */
export function modelOpenApi({ model, version, signature }: Pick<LiveModel, 'model' | 'version' | 'signature'>): object {
  const { task, target } = signature
  const predict = (summary: string, operationId: string, parameters: readonly object[]): object => ({
    operationId,
    summary,
    parameters,
    requestBody: { required: true, content: json({ $ref: '#/components/schemas/Request' }) },
    responses: { 200: { description: 'One prediction a row, in their order', content: json({ $ref: '#/components/schemas/Answer' }) }, default: failure },
  })
  const number = { name: 'version', in: 'path', required: true, schema: { type: 'integer', minimum: 1 }, example: version }
  return {
    openapi: '3.1.0',
    info: { title: model, version: String(version), description: `${task === 'regression' ? 'Predicts the number' : 'Predicts the class'} \`${target}\`. Every refusal is JSON with \`code\`, \`message\`, \`hint\` and, where several things are wrong, \`faults\`.` },
    servers: [{ url: '/' }],
    // Without tokens, on loopback, everybody may ask.
    security: [{ token: [] }, {}],
    paths: {
      [`/models/${model}/predict`]: { post: predict('Predictions of the version that serves', 'predict', []) },
      [`/models/${model}/versions/{version}/predict`]: { post: predict('Predictions of this version, while it serves', 'predictByVersion', [number]) },
      [`/models/${model}`]: { get: { operationId: 'describe', summary: 'What serves, and what it takes', responses: { 200: { description: 'The version that serves', content: json(LiveModelAnswer) }, default: failure } } },
    },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: {
        Row: rowSchema(signature),
        Request: { type: 'object', required: ['rows'], additionalProperties: false, properties: { keys: { type: 'array', maxItems: MOST_ROWS, items: { type: 'string', minLength: 1, maxLength: 200 }, description: 'What you call the rows, one a row: feedback may come by them' }, rows: { type: 'array', minItems: 1, maxItems: MOST_ROWS, items: { $ref: '#/components/schemas/Row' } } } },
        Answer: {
          type: 'object',
          required: ['model', 'version', 'predictions'],
          properties: { model: { type: 'string' }, version: { type: 'integer', description: 'The version that answered' }, id: { type: 'string', description: 'Of this answer, for feedback and explanations' }, predictions: { type: 'array', items: predictionSchema(signature) } },
        },
        Failure,
      },
    },
  }
}

function rowSchema({ inputs }: Signature): object {
  return {
    type: 'object',
    required: inputs.filter(({ optional }) => !optional).map(({ name }) => name),
    additionalProperties: false,
    properties: Object.fromEntries(inputs.map((input) => [input.name, valueSchema(input)])),
  }
}

function valueSchema({ type, optional }: SignatureColumn): object {
  const name = type === 'category' ? 'string' : type
  return { type: optional ? [name, 'null'] : name }
}

function predictionSchema({ task, classes }: Signature): object {
  if (task === 'regression') return { type: 'number' }
  const probability = { type: 'number', minimum: 0, maximum: 1 }
  return {
    ...ClassPrediction,
    properties: {
      label: { enum: classes },
      probabilities: { type: 'object', required: classes, properties: Object.fromEntries(classes.map((label) => [label, probability])) },
    },
  }
}

function json(schema: object): object {
  return { 'application/json': { schema } }
}

const failure = { description: 'An error of the catalogue', content: json({ $ref: '#/components/schemas/Failure' }) }
