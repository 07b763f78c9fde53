// What predictions are measured beside: node:http, JSON.parse and the same model in the same runtime, without anything else.
// node bare-server.mjs <format> <file of the model> <JSON of the inputs' names> <processes>; prints its port.
import cluster from 'node:cluster'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'

const [, , format, file, inputs, processes] = process.argv
const names = JSON.parse(inputs)

async function openYdf() {
  const require = createRequire(import.meta.url)
  globalThis.JSZip = require('jszip')
  const runtime = await require('ydf-inference')()
  const model = await runtime.loadModelFromZipBlob(readFileSync(file))
  return (rows) => model.predict(Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name])])))
}

async function openOnnx() {
  const { InferenceSession, Tensor, env } = await import('onnxruntime-web')
  env.wasm.numThreads = 1
  const session = await InferenceSession.create(readFileSync(file), { executionProviders: ['wasm'] })
  return async (rows) => {
    const matrix = Float32Array.from(rows.flatMap((row) => names.map((name) => row[name])))
    const outputs = await session.run({ [session.inputNames[0]]: new Tensor('float32', matrix, [rows.length, names.length]) })
    return Array.from(outputs[session.outputNames[0]].data)
  }
}

async function serve() {
  const predict = await (format === 'ydf' ? openYdf() : openOnnx())
  const answer = async (content, response) => {
    const { rows } = JSON.parse(content)
    const body = JSON.stringify({ predictions: await predict(rows) })
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body)
  }
  const server = createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk)).on('end', () => void answer(Buffer.concat(chunks).toString('utf8'), response))
  })
  server.listen(0, '127.0.0.1', () => (cluster.isPrimary ? console.log(server.address().port) : process.send(server.address().port)))
}

if (Number(processes) === 1 || cluster.isWorker) await serve()
else {
  let ready = 0
  for (let number = 0; number < Number(processes); number += 1) {
    cluster.fork().on('message', (port) => {
      ready += 1
      if (ready === Number(processes)) console.log(port)
    })
  }
}
process.once('SIGTERM', () => process.exit(0))
