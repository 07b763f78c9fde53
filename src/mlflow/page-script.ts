/**
 * The script of the page: it reads what is meant from the fragment of the address, asks MLflow's API for it and shows it. Every
 * value of an answer becomes the text of an element and never markup, and every address begins in a way that is written here.
 */
export const pageScript = String.raw`
'use strict'
const main = document.querySelector('main')
const reports = document.body.dataset.reports
const MOST = 100
let token
let asked = 0

// Characters that turn the direction of what follows would let a value look like another one.
const shown = (value) => String(value).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
const make = (name, properties, ...children) => {
  const made = Object.assign(document.createElement(name), properties)
  made.append(...children.filter((child) => child !== undefined).map((child) => (child instanceof Node ? child : shown(child))))
  return made
}
const dim = (...children) => make('p', { className: 'dim' }, ...children)
const link = (href, text) => make('a', { href }, text)
const at = (milliseconds) => (milliseconds > 0 && milliseconds < 8.64e15 ? new Date(Number(milliseconds)).toISOString().slice(0, 19).replace('T', ' ') + ' UTC' : '')
const number = (value) => (typeof value === 'number' && !Number.isInteger(value) ? String(Number(value.toPrecision(6))) : String(value))
const size = (bytes) => (bytes < 1024 ? bytes + ' B' : bytes < 1048576 ? (bytes / 1024).toFixed(1) + ' kB' : (bytes / 1048576).toFixed(1) + ' MB')
const looks = { FINISHED: 'passed', FAILED: 'failed', KILLED: 'failed' }
const status = ({ status, lifecycle_stage: stage }) => make('span', { className: looks[status] || 'inconclusive' }, status.toLowerCase() + (stage === 'deleted' ? ', deleted' : ''))
const sectionOf = (title, ...children) => make('section', {}, make('h2', {}, title), ...children)
const table = (heads, rows) =>
  make('table', {}, make('thead', {}, make('tr', {}, ...heads.map((head) => make('th', {}, head)))), make('tbody', {}, ...rows.map((cells) => make('tr', {}, ...cells.map((cell) => make('td', {}, cell))))))

async function ask(path, query, body) {
  const headers = { ...(token === undefined ? {} : { Authorization: 'Bearer ' + token }), ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) }
  const sent = body === undefined ? { headers } : { headers, method: 'POST', body: JSON.stringify(body) }
  const answer = await fetch('ajax-api/2.0/mlflow/' + path + '?' + new URLSearchParams(query), { ...sent, credentials: 'omit' })
  const told = await answer.json().catch(() => ({}))
  if (answer.ok) return told
  throw Object.assign(new Error(told.message || 'The server answered ' + answer.status + '.'), { status: answer.status })
}

async function listExperiments() {
  const { experiments = [], next_page_token: more } = await ask('experiments/search', { max_results: MOST })
  const rows = experiments.map(({ experiment_id: id, name, last_update_time: changed }) => [link('#/experiments/' + encodeURIComponent(id), name), id, at(changed)])
  return [make('h1', {}, 'Experiments'), table(['name', 'id', 'changed'], rows), more === undefined ? undefined : dim('The ' + MOST + ' newest are listed.')]
}

async function listRuns(experiment) {
  const [{ experiment: found }, { runs = [], next_page_token: more }] = await Promise.all([ask('experiments/get', { experiment_id: experiment }), ask('runs/search', {}, { experiment_ids: [experiment], max_results: MOST })])
  const rows = runs.map(({ info }) => [link('#/experiments/' + encodeURIComponent(experiment) + '/runs/' + encodeURIComponent(info.run_id), info.run_name || info.run_id), status(info), at(info.start_time), info.user_id || ''])
  return [
    dim(link('#/', 'Experiments')),
    make('h1', {}, found.name),
    rows.length === 0 ? dim('It has no runs.') : table(['run', 'status', 'began', 'by'], rows),
    more === undefined ? undefined : dim('The ' + MOST + ' newest are listed.'),
  ]
}

async function showRun(id) {
  const { run } = await ask('runs/get', { run_id: id })
  const { info, data } = run
  const { experiment } = await ask('experiments/get', { experiment_id: info.experiment_id })
  const tags = data.tags || []
  const tag = (key) => (tags.find((each) => each.key === key) || {}).value
  const models = ((run.outputs || {}).model_outputs || []).map(({ model_id: model }) => model)
  const entries = (title, list) => (list.length === 0 ? undefined : sectionOf(title, table(['name', 'value'], list.map(({ key, value }) => [key, value]))))
  const metrics = data.metrics || []
  return [
    dim(link('#/experiments/' + encodeURIComponent(info.experiment_id), experiment.name), ', run ' + info.run_id),
    make('h1', {}, info.run_name || info.run_id),
    make('p', {}, status(info), ' · began ' + at(info.start_time) + (info.end_time === undefined ? '' : ' · ended ' + at(info.end_time)) + (info.user_id ? ' · by ' + info.user_id : '')),
    verdictOf(tag('refit.run')),
    tag('mlflow.note.content') === undefined ? undefined : make('p', {}, tag('mlflow.note.content')),
    metrics.length === 0 ? undefined : sectionOf('Metrics', table(['name', 'last value', 'step', 'at'], metrics.map(({ key, value, step, timestamp }) => [key, number(value), step, at(timestamp)]))),
    entries('Parameters', data.params || []),
    models.length === 0 ? undefined : sectionOf('Logged models', make('ul', {}, ...models.map((model) => make('li', {}, model)))),
    sectionOf('Files', await listFiles(info.run_id, '').catch((error) => dim(error.message))),
    entries('Tags', tags.filter(({ key }) => key !== 'mlflow.note.content')),
  ]
}

// Where a training of the lifecycle has made it.
function verdictOf(run) {
  if (run === undefined || reports === '') return undefined
  const words = 'refit report ' + run
  // An address that is followed shows no token.
  return make('p', {}, 'It was made by a training of ', token === undefined ? link(reports + '/' + encodeURIComponent(run) + '/report', run) : make('strong', {}, run), ', whose verdict ', make('code', {}, words), ' draws.')
}

async function listFiles(run, folder) {
  const { files = [] } = await ask('artifacts/list', folder === '' ? { run_id: run } : { run_id: run, path: folder })
  if (files.length === 0) return dim(folder === '' ? 'No files were logged.' : 'It is empty.')
  return make('ul', {}, ...files.map(({ path, is_dir: isFolder, file_size: bytes }) => make('li', {}, isFolder ? folderOf(run, path) : fileOf(run, path, bytes))))
}

const nameOf = (path) => path.slice(path.lastIndexOf('/') + 1)

function fileOf(run, path, bytes) {
  const name = token === undefined ? link('get-artifact?' + new URLSearchParams({ run_id: run, path }), nameOf(path)) : nameOf(path)
  return make('span', {}, name, ' ', make('span', { className: 'dim' }, bytes === undefined ? '' : size(bytes)))
}

function folderOf(run, path) {
  const folder = make('details', {}, make('summary', {}, nameOf(path) + '/'))
  folder.addEventListener('toggle', async () => folder.append(await listFiles(run, path).catch((error) => dim(error.message))), { once: true })
  return folder
}

function askForToken(message) {
  const field = make('input', { type: 'password', autocomplete: 'off', required: true, name: 'token' })
  const form = make('form', {}, make('label', {}, 'Token ', field), ' ', make('button', {}, 'Show'))
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    token = field.value.trim()
    void show()
  })
  return [make('h1', {}, 'A token is needed'), make('p', {}, message), form, dim('It is kept by this page alone, until it is left.')]
}

async function contentOf([, experiment, , run]) {
  if (run !== undefined) return showRun(run)
  return experiment === undefined ? listExperiments() : listRuns(experiment)
}

function namedBy(fragment) {
  const [path] = fragment.split('?')
  const found = /^#\/experiments\/([^/]+)(\/runs\/([^/]+))?/.exec(path)
  if (found === null) return []
  return found.map((part) => (part === undefined ? undefined : decodeURIComponent(part)))
}

async function show() {
  asked += 1
  const mine = asked
  const content = await Promise.resolve()
    .then(() => contentOf(namedBy(location.hash)))
    .catch((error) => {
      if (error.status !== 401) return [make('h1', {}, 'This cannot be shown'), make('p', {}, error.message), dim(link('#/', 'Experiments'))]
      const wrong = token !== undefined
      token = undefined
      return askForToken(wrong ? 'This one is not known here.' : 'Give one with the role viewer, as scripts have it in MLFLOW_TRACKING_TOKEN.')
    })
  // Meanwhile something else may have been asked for.
  if (mine === asked) main.replaceChildren(...content.filter((part) => part !== undefined))
  document.title = (main.querySelector('h1') || document).textContent || 'Runs'
}

addEventListener('hashchange', show)
void show()
`
