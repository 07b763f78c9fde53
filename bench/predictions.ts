import { startBare, startOurs } from './contenders.js'
import { onnxHouses, yggdrasilHouses, type ServedModel } from './served-models.js'
import { takeTurns, turnsWords } from './turns.js'

const PROCESSES = (process.env['REFIT_BENCH_PROCESSES'] ?? '1,2').split(',').map(Number)
const LEAST = 0.85
const MOST_P99 = 1.5

/**
 * Predictions through the endpoint, beside the same model behind bare `node:http` and `JSON.parse` in as many processes.
 * Ours gives ids and logs a tenth of the answers, as it does where nobody says otherwise. One load generator of plain sockets; they
 * take turns.
 */
export async function predictions(): Promise<readonly string[]> {
  const python = process.env['REFIT_TEST_PYTHON']
  const models = [await yggdrasilHouses(), ...(python === undefined ? [] : [await onnxHouses(python)])]
  const lines = ['| model | rows | processes | ours, requests/s | bare, requests/s | ratio | at least | ours p99, ms | bare p99, ms | ratio | at most | holds |', '|---|---|---|---|---|---|---|---|---|---|---|---|']
  for (const model of models) for (const processes of PROCESSES) lines.push(...(await compare(model, processes)))
  const skipped = python === undefined ? ' ONNX was left out: no REFIT_TEST_PYTHON with scikit-learn and skl2onnx.' : ''
  return [...lines, '', `${turnsWords}${skipped}`]
}

async function compare(model: ServedModel, processes: number): Promise<readonly string[]> {
  const contenders = [await startOurs(model, processes), await startBare(model, processes)]
  const lines: string[] = []
  try {
    for (const rows of [1, 100]) {
      const { perSecond, p99, beside } = await takeTurns(contenders, model.rows.slice(0, rows), processes)
      const [ours = 0, bare = 0] = perSecond
      const [oursP99 = 0, bareP99 = 0] = p99
      const [ratio = 0, ratioP99 = 0] = [beside.perSecond[1], beside.p99[1]]
      const holds = ratio >= LEAST && ratioP99 <= MOST_P99
      lines.push(`| ${model.format} | ${rows} | ${processes} | ${ours.toFixed(0)} | ${bare.toFixed(0)} | ${ratio.toFixed(2)} | ${LEAST} | ${oursP99.toFixed(2)} | ${bareP99.toFixed(2)} | ${ratioP99.toFixed(2)} | ${MOST_P99} | ${holds ? 'yes' : '**no**'} |`)
    }
  } finally {
    for (const { stop } of contenders) await stop()
  }
  return lines
}
