/** Measures what docs and design promise, and writes bench/RESULTS.md: `npm run bench`. Names as arguments choose some. */
import { badVersions } from './bad-versions.js'
import { check } from './check.js'
import { distilled } from './distilled.js'
import { dropToTrainer } from './drop-to-trainer.js'
import { errorRates } from './error-rates.js'
import { ingest } from './ingest.js'
import { longLog } from './long-log.js'
import { mlflowServer } from './mlflow-server.js'
import { overload } from './overload.js'
import { poison } from './poison.js'
import { predictionLog } from './prediction-log.js'
import { predictions } from './predictions.js'
import { pythonServers } from './python-servers.js'
import { writeSection } from './results.js'
import { stageBoundary } from './stage-boundary.js'
import { swap } from './swap.js'

const benchmarks = new Map([
  ['stage-boundary', { title: 'A durable stage boundary', measure: stageBoundary }],
  ['drop-to-trainer', { title: 'From a drop to its trainer', measure: dropToTrainer }],
  ['ingest', { title: 'Ingest, split and profile of large drops', measure: ingest }],
  ['check', { title: 'The check of a large test set', measure: check }],
  ['error-rates', { title: 'How often verdicts err', measure: errorRates }],
  ['poison', { title: 'A poisoned week that nobody notices', measure: poison }],
  ['predictions', { title: 'Predictions', measure: predictions }],
  ['prediction-log', { title: 'What ids and the prediction log cost', measure: predictionLog }],
  ['python-servers', { title: 'Beside Python’s servers', measure: pythonServers }],
  ['distilled', { title: 'Yggdrasil distilled', measure: distilled }],
  ['swap', { title: 'Swaps under load', measure: swap }],
  ['bad-versions', { title: 'Bad versions', measure: badVersions }],
  ['mlflow-server', { title: 'Beside MLflow’s server', measure: mlflowServer }],
  ['long-log', { title: 'A long log of metrics', measure: longLog }],
  ['overload', { title: 'Overload', measure: overload }],
])

const wanted = process.argv.slice(2)
for (const [name, { title, measure }] of benchmarks) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  console.log(`${title} …`)
  const lines = await measure()
  for (const each of lines) console.log(each)
  writeSection(title, wanted.length > 0 ? `npm run bench ${name}` : 'npm run bench', lines)
}
process.exit(0)
