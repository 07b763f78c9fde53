import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { startTestLoad, type Answered } from '../support/http-load.js'
import { failureOf, predict, send, startEndpoint, until, untilLive, type Answer, type Endpoint } from './endpoint.js'
import { startPlatform, times, type Platform } from './platform.js'

const DEADLINE_MS = 5000
/** So many may be under way for a model that keeps up. */
const UNDER_WAY = 64

let platform: Platform
let endpoint: Endpoint
/** A model waits until this file is there. */
let goOn: string
before(async () => {
  platform = await startPlatform('house-price', 'waiting', 'never', 'slow', 'counting')
  await platform.publish('house-price', times(2))
  goOn = join(platform.stateFolder, 'go-on')
  await writeFile(goOn, '')
  const waiting = `while (!existsSync(${JSON.stringify(goOn)})) await new Promise((resolve) => setTimeout(resolve, 10)); return rows.map(() => 1)`
  await platform.promote('waiting', (await platform.addModule('waiting', `import { existsSync } from 'node:fs'\nexport const load = () => ({ predict: async (rows) => { ${waiting} } })`)).version)
  await platform.publish('never', 'return rows[0].rooms === 13 ? new Promise(() => undefined) : rows.map(() => 1)')
  await platform.publish('slow', 'const end = Date.now() + 20; while (Date.now() < end); return rows.map(() => 1)')
  const counting = 'let asked = 0\nexport const load = () => ({ predict: (rows) => { asked += 1; const end = Date.now() + 50; while (Date.now() < end); return rows.map(() => asked) } })'
  await platform.promote('counting', (await platform.addModule('counting', counting)).version)
  endpoint = await startEndpoint(platform, { deadlineMs: DEADLINE_MS, invocations: 'waiting' })
  for (const model of ['house-price', 'waiting', 'never', 'slow', 'counting']) await untilLive(endpoint.url, model, 1)
})
after(async () => {
  await endpoint.stop()
  await platform.stop()
})

const json = 'application/json'

function post(path: string, body: string, type = json): Promise<Answer> {
  return send(`${endpoint.url}${path}`, { method: 'POST', headers: { 'content-type': type }, body })
}

/** Every way of asking a model for predictions: where, of what type, and what a body of rows is. */
function dialectsOf(model: string): readonly { readonly path: string; readonly type: string; readonly body: (rows: string) => string }[] {
  const instances = (rows: string): string => `{"instances":${rows}}`
  return [
    { path: `/models/${model}/predict`, type: json, body: (rows) => `{"rows":${rows}}` },
    { path: `/models/${model}/invocations`, type: json, body: instances },
    { path: `/endpoints/${model}/invocations`, type: json, body: (rows) => rows },
    { path: `/endpoints/${model}/invocations`, type: 'application/jsonlines', body: (rows) => rows },
    { path: `/v1/models/${model}:predict`, type: json, body: instances },
    { path: `/v2/models/${model}/infer`, type: json, body: (rows) => `{"inputs":[{"name":"rooms","datatype":"FP64","shape":[1],"data":${rows}}]}` },
  ]
}

/** A connection on which the test writes what it likes. */
async function rawConnection(): Promise<Socket> {
  const { hostname, port } = new URL(endpoint.url)
  const socket = connect(Number(port), hostname)
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  return socket
}

/** It may be sent again after a second, or some. */
function assertTellsWhen({ headers }: Answer): void {
  assert.match(String(headers['retry-after']), /^([1-9]|[12]\d|30)$/)
}

/** A figure of /metrics; 0 where there is none. */
async function metric(series: string): Promise<number> {
  const { body } = await send(`${endpoint.url}/metrics`)
  return Number(body.split('\n').find((line) => line.startsWith(`${series} `))?.slice(series.length + 1) ?? 0)
}

async function assertAnswers(): Promise<void> {
  assert.deepEqual((await predict(endpoint.url, 'house-price', [{ rooms: 3 }])).json, { model: 'house-price', version: 1, predictions: [6] })
}

test('JSON that nests 100,000 deep is refused in every protocol, wherever in the body, and others are answered', async () => {
  const deep = '['.repeat(100_000)
  for (const nested of [deep, `${deep}${']'.repeat(100_000)}`, '{"a":'.repeat(100_000), `[{"rooms":${deep}${']'.repeat(100_000)}}]`]) {
    for (const { path, type, body } of [...dialectsOf('house-price'), { path: '/invocations', type: json, body: (rows: string) => rows }]) {
      const answers = await Promise.all([post(path, body(nested), type), assertAnswers()])
      assert.equal(answers[0].status, 400, path)
      assert.match(answers[0].body, /deeper than 64 levels/, path)
    }
  }
})

test('names that every object has are refused, or are a column like any other, and change nothing', async () => {
  for (const key of ['__proto__', '\\u005f_proto__', 'constructor']) {
    const failure = failureOf(await post('/models/house-price/predict', `{"rows":[{"rooms":1,"${key}":{"prototype":{"rooms":2}}}]}`))
    assert.equal(failure.status, 400, key)
    for (const { path, type, body } of dialectsOf('house-price').slice(1)) {
      const { status, body: answer } = await post(path, body(`[{"rooms":1,"${key}":{"prototype":{"rooms":2},"rooms":7}}]`), type)
      // MLflow leaves columns out that are no input.
      assert.ok(status === 400 || answer === '{"predictions":[2]}', `${path} ${key}: ${status} ${answer}`)
    }
  }
  assert.equal(Reflect.get({}, 'rooms'), undefined)
  await assertAnswers()
})

test('more than 10,000 rows are refused in every protocol', async () => {
  const row = '{"rooms":1}'
  const many = `[${Array.from({ length: 10_001 }, () => row).join()}]`
  for (const { path, type, body } of dialectsOf('house-price')) {
    const rows = type === json ? body(many) : Array.from({ length: 10_001 }, () => row).join('\n')
    const tensor = body(`[${Array.from({ length: 10_001 }, () => 1).join()}]`).replace('[1]', '[10001]')
    const { status, body: answer } = await post(path, path.endsWith('/infer') ? tensor : rows, type)
    assert.equal(status, 400, path)
    assert.match(answer, /10,?000|rows/, path)
  }
  await assertAnswers()
})

test('a body that is too large is refused in every protocol, and whoever still sends it reads the refusal', async () => {
  const large = 'x'.repeat(17 * 1024 * 1024)
  for (const { path, type, body } of dialectsOf('house-price')) {
    const [answer] = await Promise.all([post(path, body(`["${large}"]`), type), assertAnswers()])
    assert.equal(answer.status, 413, path)
  }
})

test('more requests at once than a model may have under way are refused at once in every protocol, and are told when to come again', async () => {
  await rm(goOn)
  const crowd = Array.from({ length: UNDER_WAY }, () => predict(endpoint.url, 'waiting', [{ rooms: 1 }]))
  await until('as many are under way as may be', async () => (await predict(endpoint.url, 'waiting', [{ rooms: 1 }])).status === 429)
  for (const { path, type, body } of [...dialectsOf('waiting'), { path: '/invocations', type: json, body: (rows: string) => `{"instances":${rows}}` }]) {
    const answer = await post(path, body('[{"rooms":1}]'), type)
    assert.equal(answer.status, 429, path)
    assertTellsWhen(answer)
    assert.match(answer.body, /as many requests under way/, path)
  }
  await assertAnswers()
  await writeFile(goOn, '')
  for (const { status } of await Promise.all(crowd)) assert.equal(status, 200)
  await until('it answers again', async () => (await predict(endpoint.url, 'waiting', [{ rooms: 1 }])).status === 200)
})

test('a model that computes is not asked by more than it answers in time, whoever is refused waits for nobody, and other models are asked as before', async () => {
  const begun = performance.now()
  const crowd = Promise.all(Array.from({ length: 400 }, async () => ({ answer: await predict(endpoint.url, 'slow', [{ rooms: 1 }]), after: performance.now() - begun })))
  const others = await Promise.all(Array.from({ length: 50 }, () => predict(endpoint.url, 'waiting', [{ rooms: 1 }])))
  for (const { status } of others) assert.equal(status, 200)
  const answers = await crowd
  const refused = answers.filter(({ answer }) => answer.status !== 200)
  assert.ok(refused.length >= 200, `${refused.length} refused`)
  for (const { answer } of refused) {
    assert.equal(failureOf(answer).code, 'model-busy')
    assertTellsWhen(answer)
  }
  const admitted = answers.filter(({ answer }) => answer.status === 200)
  assert.ok(admitted.length >= 1)
  assert.ok(Math.max(...refused.map(({ after }) => after)) < Math.max(...admitted.map(({ after }) => after)))
  await until('it answers again', async () => (await predict(endpoint.url, 'slow', [{ rooms: 1 }])).status === 200)
})

test('while a model is overloaded those let in wait for few others, not for as many as may be under way', async (t) => {
  const answers: Answered[] = []
  const running = startTestLoad(t, { url: endpoint.url, path: '/models/slow/predict', body: '{"rows":[{"rooms":1}]}', connections: 100, perSecond: 500, onAnswer: (answer) => answers.push(answer) })
  const admitted = (): readonly Answered[] => answers.filter(({ status }) => status === 200)
  await until('many have been let in', () => admitted().length > 350)
  await running.stop()
  assert.ok(answers.every(({ status }) => status === 200 || status === 429))
  // Until the model has shown how long it takes, as many wait as may.
  const settled = admitted().slice(150)
  const between = settled.map(({ sent, received }) => settled.filter((other) => other.received > sent && other.received < received).length).toSorted((a, b) => a - b)
  const most = between[Math.floor(between.length * 0.95)] ?? Infinity
  assert.ok(most <= UNDER_WAY / 3, `of one in twenty more than ${most} were answered before it: ${between.join(' ')}`)
})

test('answers that never come take no place for ever, and are counted', async () => {
  const asked = Array.from({ length: UNDER_WAY }, () => predict(endpoint.url, 'never', [{ rooms: 13 }]))
  for (const { status } of await Promise.all(asked)) assert.equal(status, 504)
  await until('it answers again', async () => (await predict(endpoint.url, 'never', [{ rooms: 1 }])).status === 200)
  await until('nothing of them is under way', async () => (await metric('refit_predict_unwanted{model="never"}')) === 0)
  assert.equal(await metric('refit_predict_given_up_total{model="never",cause="deadline"}'), UNDER_WAY)
  assert.equal(await metric('refit_predict_requests_total{model="never",status="504"}'), UNDER_WAY)
})

test('what callers have asked who went away is not computed, and is counted', async () => {
  const sockets = await Promise.all(Array.from({ length: UNDER_WAY }, rawConnection))
  const body = '{"rows":[{"rooms":1}]}'
  const first = await new Promise<string>((resolve) => {
    for (const socket of sockets) {
      socket.once('data', (data) => resolve(String(data))).on('error', () => undefined)
      socket.write(`POST /models/counting/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    }
  })
  assert.match(first, /^HTTP\/1.1 200/)
  for (const socket of sockets) socket.destroy()
  await until('they are counted', async () => (await metric('refit_predict_requests_total{model="counting",status="499"}')) > UNDER_WAY / 2)
  await until('nothing of them is under way', async () => (await metric('refit_predict_unwanted{model="counting"}')) === 0)
  const [asked] = Value.Parse(Type.Object({ predictions: Type.Tuple([Type.Number()]) }), (await predict(endpoint.url, 'counting', [{ rooms: 1 }])).json).predictions
  const left = await metric('refit_predict_requests_total{model="counting",status="499"}')
  const givenUp = await metric('refit_predict_given_up_total{model="counting",cause="left"}')
  assert.ok(givenUp > UNDER_WAY / 2 && givenUp <= left, `${givenUp} of ${left} were given up`)
  // Three for its warm-up, and this one.
  assert.ok(asked < UNDER_WAY / 2, `${asked} were computed`)
})

test('a request that is not answered in time is told so, and the model goes on', async () => {
  const answers = await Promise.all([post('/models/never/predict', '{"rows":[{"rooms":13}]}'), post('/v1/models/never:predict', '{"instances":[{"rooms":13}]}')])
  for (const { status, body } of answers) {
    assert.equal(status, 504)
    assert.match(body, /did not answer within 5 seconds/)
  }
  assert.equal((await predict(endpoint.url, 'never', [{ rooms: 1 }])).status, 200)
})

test('callers that send their requests slowly, or none, keep nobody waiting', async (context) => {
  const sockets = await Promise.all(Array.from({ length: 200 }, rawConnection))
  context.after(() => sockets.forEach((socket) => socket.destroy()))
  for (const [index, socket] of sockets.entries()) {
    socket.on('error', () => undefined).resume()
    if (index % 2 === 0) socket.write(`POST /models/house-price/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"rows":`)
    else socket.write('POST /models/house-price/predict HTTP/1.1\r\nHost: 127')
  }
  await assertAnswers()
  // The head of a request has ten seconds to arrive.
  const ended = await Promise.race([Promise.all(sockets.filter((_, index) => index % 2 === 1).map((socket) => new Promise((resolve) => socket.once('close', resolve)))), delay(30_000, 'still open', { ref: false })])
  assert.notEqual(ended, 'still open')
})

test('of an unknown route no body is read, whatever the method: nobody has to show who they are there', async (context) => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    const sockets = await Promise.all(Array.from({ length: 20 }, rawConnection))
    context.after(() => sockets.forEach((socket) => socket.destroy()))
    // Each announces as much as may be, and sends none of it.
    const answers = sockets.map(
      (socket) =>
        new Promise<string>((resolve) => {
          socket.once('data', (data) => resolve(String(data))).on('error', () => undefined)
          socket.write(`${method} /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${16 * 1024 * 1024}\r\n\r\n{`)
        }),
    )
    for (const answer of await Promise.all(answers)) assert.match(answer, /^HTTP\/1.1 404 [^]*route-not-found/, method)
  }
  await assertAnswers()
})

test('large bodies that are under way together are bounded, and small ones are answered meanwhile', async (context) => {
  const sockets = await Promise.all(Array.from({ length: 20 }, rawConnection))
  context.after(() => sockets.forEach((socket) => socket.destroy()))
  const heads = sockets.map(
    (socket) =>
      new Promise<string>((resolve) => {
        socket.once('data', (data) => resolve(String(data))).on('error', () => undefined)
        socket.write(`POST /models/house-price/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${16 * 1024 * 1024}\r\n\r\n{"rows":[`)
      }),
  )
  const refusals: string[] = []
  for (const head of heads) void head.then((text) => refusals.push(text))
  // Sixteen of them fit.
  await until('four are refused', () => refusals.length === 4)
  for (const head of refusals) {
    assert.match(head, /^HTTP\/1.1 503 /)
    assert.match(head, /serving-busy/)
    assert.match(head, /retry-after: 1/i)
  }
  await assertAnswers()
  for (const socket of sockets) socket.destroy()
  await until('their memory is given back', async () => (await post('/models/house-price/predict', `{"rows":[{"rooms":1,"district":"${'x'.repeat(15 * 1024 * 1024)}"}]}`)).status === 200)
})
