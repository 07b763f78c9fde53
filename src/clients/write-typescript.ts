import type { ErrorCode } from '../errors.js'
import type { Signature } from '../packages/manifest.js'
import type { ClientShape } from './client-shape.js'

/** What a client is written from. */
export interface ClientSource {
  readonly model: string
  readonly version: number
  /** In the order of the model's own inputs and classes. */
  readonly signature: Signature
  readonly shape: ClientShape
  /** The categories of a column that the model was trained on, where they are few: editors complete them, and any other may be sent. */
  readonly seen: ReadonlyMap<string, readonly string[]>
  /** Where predictions are asked for, if that is known. */
  readonly url: string | undefined
}

/** What the endpoint refuses a request of this client with. */
const CODES = ['rows-invalid', 'request-invalid', 'unauthenticated', 'token-unknown', 'forbidden', 'host-not-allowed', 'origin-not-allowed', 'model-not-live', 'model-retired', 'models-loading', 'request-too-large', 'predictor-died', 'predictor-away', 'predictor-busy', 'model-busy', 'serving-busy', 'prediction-timeout', 'row-not-prepared', 'prediction-invalid', 'internal'] as const satisfies readonly ErrorCode[]

/**
 * A client of one model as one TypeScript file that needs nothing but `fetch`: its rows and answers have the types of the
 * model's signature. The same source gives the same text.
 */
export function writeTypeScript(source: ClientSource): string {
  const name = typeName(source.model)
  const blocks = [head(source), rowType(name, source), predictionTypes(name, source.signature), answerType(name, source), errorClass(name), clientClass(name, source), guards(name, source.signature)]
  return `${blocks.join('\n\n')}\n`
}

function head({ model, version }: ClientSource): string {
  return comment([`A client of the model ${model}, written by \`refit types\` from version ${version}. It needs nothing but \`fetch\`: browsers, Node.js 20 and newer.`, '', 'Written anew it may have other types; what is written here is not to be changed by hand.'])
}

function rowType(name: string, { signature, shape, seen }: ClientSource): string {
  const allowed = new Map(shape.inputs.map((input) => [input.name, input.values]))
  const fields = signature.inputs.map(({ name: column, type, optional }) => {
    const [plain, words] = type === 'number' ? ['number', 'A finite number.'] : type === 'boolean' ? ['boolean', 'True or false.'] : categoryType(allowed.get(column), seen.get(column))
    return `  ${comment([words])}\n  readonly ${key(column)}${optional ? '?' : ''}: ${plain}${optional ? ' | null | undefined' : ''}`
  })
  return `/** One row: what a prediction is asked for. */\nexport interface ${name}Row {\n${fields.join('\n')}\n}`
}

function categoryType(allowed: readonly string[] | undefined, seen: readonly string[] = []): readonly [type: string, words: string] {
  if (allowed !== undefined) return [allowed.map(literal).join(' | '), 'One of the categories that the contract allows.']
  const words = 'A category; one that the model has not seen is predicted all the same.'
  return seen.length === 0 ? ['string', words] : [`${seen.map(literal).join(' | ')} | (string & {})`, words]
}

function predictionTypes(name: string, { task, target, classes }: Signature): string {
  if (task === 'regression') return `${comment([`The predicted ${target}.`])}\nexport type ${name}Prediction = number`
  return `${comment([`A class of ${target}.`])}
export type ${name}Label = ${classes.map(literal).join(' | ')}

${comment([`The likeliest class of ${target}, and the probability of each.`])}
export interface ${name}Prediction {
  readonly label: ${name}Label
  readonly probabilities: Readonly<Record<${name}Label, number>>
}`
}

function answerType(name: string, { model }: ClientSource): string {
  return `/** What a version has answered. */
export interface ${name}Answer {
  readonly model: ${literal(model)}
  /** The version that answered all of the rows. */
  readonly version: number
  /** Of this answer: what has given it can be told by it later, and the truth may come by it. An endpoint that keeps no ids gives none. */
  readonly id?: string
  /** One a row, in their order. */
  readonly predictions: readonly ${name}Prediction[]
}`
}

function errorClass(name: string): string {
  return `/** Codes of the refusals that the endpoint answers with; \`unreachable\` and \`answer-unexpected\` are of this client. */
export type ${name}ErrorCode =
${[...CODES, 'unreachable', 'answer-unexpected'].map((code) => `  | ${literal(code)}`).join('\n')}
  | (string & {})

/** What is wrong at one place of a request, e.g. at \`rows[0].x\`. */
export interface ${name}Fault {
  readonly path: string
  readonly message: string
}

/** A request that was not answered with predictions. */
export class ${name}Error extends Error {
  override readonly name = '${name}Error'
  /** Stable name of what happened. */
  readonly code: ${name}ErrorCode
  /** HTTP status; 0 where there was no answer. */
  readonly status: number
  /** What to do about it. */
  readonly hint: string
  /** What is wrong with the rows, place by place. */
  readonly faults: readonly ${name}Fault[]
  /** Seconds after which it can be asked again, where the endpoint says so. */
  readonly retryAfter: number | undefined

  constructor(code: ${name}ErrorCode, message: string, details: { readonly status: number; readonly hint?: string; readonly faults?: readonly ${name}Fault[]; readonly retryAfter?: number | undefined; readonly cause?: unknown }) {
    super(message, { cause: details.cause })
    this.code = code
    this.status = details.status
    this.hint = details.hint ?? ''
    this.faults = details.faults ?? []
    this.retryAfter = details.retryAfter
  }
}`
}

function clientClass(name: string, { model, url }: ClientSource): string {
  const path = `/models/${encodeURIComponent(model)}/predict`
  return `/** Where the endpoint is, and as whom to ask. */
export interface ${name}ClientOptions {
  /** Address of the endpoint${url === undefined ? '' : `; default ${url}`}. */
  readonly url${url === undefined ? '' : '?'}: string
  /** Shown as \`Authorization: Bearer\`, where tokens are asked for. */
  readonly token?: string
  /** In place of the global \`fetch\`. */
  readonly fetch?: typeof globalThis.fetch
}

/** How one request is made. */
export interface ${name}RequestOptions {
  /** Ends the request, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Whoever sends the same one, such as the id of a user, is answered by the same side of a rollout. */
  readonly key?: string
  /** What you call the rows, one a row, such as numbers of orders: the truth may come by them later. */
  readonly keys?: readonly string[]
}

/** Asks the model ${model} for predictions. */
export class ${name}Client {
  readonly #address: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #fetch: typeof globalThis.fetch

  constructor(options: ${name}ClientOptions${url === undefined ? '' : ' = {}'}) {
    this.#address = ${url === undefined ? 'options.url' : `(options.url ?? ${literal(url)})`}.replace(/\\/+$/, '') + ${literal(path)}
    this.#headers = { 'Content-Type': 'application/json', ...(options.token === undefined ? {} : { Authorization: \`Bearer \${options.token}\` }) }
    this.#fetch = options.fetch ?? globalThis.fetch.bind(globalThis)
  }

  /** Predicts one row. @throws ${name}Error */
  async predict(row: ${name}Row, options: ${name}RequestOptions = {}): Promise<${name}Prediction> {
    const { predictions } = await this.predictAll([row], options)
    const [prediction] = predictions
    if (prediction === undefined) throw unexpected(200)
    return prediction
  }

  /** Predicts up to 10,000 rows, all by one version, in their order. @throws ${name}Error */
  async predictAll(rows: readonly ${name}Row[], options: ${name}RequestOptions = {}): Promise<${name}Answer> {
    const answer = await this.#post(JSON.stringify({ rows, keys: options.keys }), options)
    const text = await answer.text().catch((error: unknown) => {
      throw options.signal?.aborted === true ? error : unreachable(error)
    })
    const body = parse(text)
    if (!answer.ok) throw refusal(answer, body)
    if (!isAnswer(body) || body.predictions.length !== rows.length) throw unexpected(answer.status)
    return body
  }

  async #post(body: string, { signal, key }: ${name}RequestOptions): Promise<Response> {
    const headers = { ...this.#headers, ...(key === undefined ? {} : { 'refit-key': key }) }
    try {
      return await this.#fetch(this.#address, { method: 'POST', headers, body, ...(signal === undefined ? {} : { signal }) })
    } catch (error) {
      throw signal?.aborted === true ? error : unreachable(error)
    }
  }
}`
}

function guards(name: string, { task, classes }: Signature): string {
  const prediction =
    task === 'regression'
      ? `function isPrediction(value: unknown): value is ${name}Prediction {
  return typeof value === 'number'
}`
      : `const labels: ReadonlySet<unknown> = new Set<${name}Label>([${classes.map(literal).join(', ')}])

function isPrediction(value: unknown): value is ${name}Prediction {
  if (!isObject(value)) return false
  const { label, probabilities } = value
  return labels.has(label) && isObject(probabilities) && [...labels].every((each) => typeof probabilities[String(each)] === 'number')
}`
  return `function unreachable(cause: unknown): ${name}Error {
  return new ${name}Error('unreachable', \`The endpoint cannot be reached: \${cause instanceof Error ? cause.message : String(cause)}\`, { status: 0, hint: 'Check its address, and the network between.', cause })
}

function unexpected(status: number): ${name}Error {
  return new ${name}Error('answer-unexpected', 'The answer is not one that this client knows.', { status, hint: 'Write the client anew by \`refit types\`; something else may listen there.' })
}

function refusal(answer: Response, body: unknown): ${name}Error {
  if (!isObject(body) || typeof body['code'] !== 'string' || typeof body['message'] !== 'string') return unexpected(answer.status)
  const faults = Array.isArray(body['faults']) ? body['faults'].filter(isFault) : []
  const seconds = Number(answer.headers.get('Retry-After') ?? Number.NaN)
  return new ${name}Error(body['code'], body['message'], { status: answer.status, hint: typeof body['hint'] === 'string' ? body['hint'] : '', faults, retryAfter: Number.isFinite(seconds) ? seconds : undefined })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isFault(value: unknown): value is ${name}Fault {
  return isObject(value) && typeof value['path'] === 'string' && typeof value['message'] === 'string'
}

function isAnswer(value: unknown): value is ${name}Answer {
  return isObject(value) && typeof value['version'] === 'number' && (value['id'] === undefined || typeof value['id'] === 'string') && Array.isArray(value['predictions']) && value['predictions'].every(isPrediction)
}

${prediction}`
}

/** `house-price` as HousePrice. */
function typeName(model: string): string {
  return model
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
}

/** A text as a literal, whatever it holds. */
function literal(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll(String.raw`\"`, '"').replaceAll("'", String.raw`\'`)
  // Some readers take these for the end of a line.
  return `'${inner.replaceAll('\u2028', String.raw`\u2028`).replaceAll('\u2029', String.raw`\u2029`)}'`
}

function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name)
}

/** Names of columns and classes may hold what ends a comment. */
function comment(lines: readonly string[]): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  const safe = lines.map((line) => line.replaceAll('*/', '*\\/').replaceAll(/[\u0000-\u001f\u2028\u2029]/g, ' '))
  return safe.length === 1 ? `/** ${safe[0] ?? ''} */` : `/**\n${safe.map((line) => ` * ${line}`.trimEnd()).join('\n')}\n */`
}
