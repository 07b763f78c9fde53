import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { readDrops } from '../../src/data/read-drops.js'
import type { DropReading } from '../../src/data/snapshot.js'
import type { StoredModel } from '../../src/define/stored-definition.js'
import { evaluateProject } from '../../src/roles/evaluate-project.js'
import { refit } from './refit-process.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const kingCounty = join(root, '..', 'shared', 'data', 'king-county-house-sales.csv')
const without = existsSync(kingCounty) ? false : `${kingCounty} is not there`
const withoutScript = process.platform === 'linux' && existsSync('/usr/bin/script') ? false : 'there is no `script` of util-linux, which makes a terminal'

const scratch = await mkdtemp(join(tmpdir(), 'refit-init-test-'))
after(() => rm(scratch, { recursive: true, force: true }))
let folders = 0

/** A folder with one file of data; the project is to be written there too. */
async function folderWith(file: string, text: string): Promise<string> {
  folders += 1
  const folder = join(scratch, `${folders}`)
  await mkdir(folder)
  await writeFile(join(folder, file), text)
  return folder
}

async function firstLines(file: string, count: number): Promise<string> {
  const lines: string[] = []
  const stream = createReadStream(file)
  for await (const line of createInterface({ input: stream })) {
    lines.push(line)
    if (lines.length === count) break
  }
  stream.destroy()
  return `${lines.join('\n')}\n`
}

/** The only model of a project. */
async function modelOf(folder: string): Promise<StoredModel> {
  const { project } = await evaluateProject(folder, new AbortController().signal)
  const [model, ...others] = Object.values(project.models)
  assert.ok(model !== undefined && others.length === 0)
  return model
}

/** What becomes of the first drop under the contract that was written. */
async function readFirstDrop(folder: string, model: StoredModel): Promise<DropReading | undefined> {
  const [key = '', ...others] = await readdir(join(folder, 'drops', model.name))
  assert.deepEqual(others, [])
  const output = await mkdtemp(join(scratch, 'parts-'))
  const drops = [{ id: 'd1', key, path: join(folder, 'drops', model.name, key), released: false }]
  const request = { drops, columns: model.columns, memoryBytes: 1_000_000_000, token: `test/${process.pid}/${basename(output)}`, workingFolder: output, outputFolder: output }
  return (await readDrops(request, new AbortController().signal)).get('d1')
}

function rolesOf({ columns }: StoredModel): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(columns).map(([name, { role, type }]) => [name, role === 'feature' ? type : role]))
}

/** What TypeScript says of a project whose `refit` is this very build; nothing when all is well. */
async function compile(folder: string): Promise<string> {
  await mkdir(join(folder, 'node_modules'))
  await symlink(root, join(folder, 'node_modules', 'refit'))
  return promisify(execFile)(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder]).then(
    () => '',
    (error: unknown) => (error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)),
  )
}

const visits = ['visit_id,visitor,seen_at,pages,country,paid,outcome']
for (let row = 0; row < 60; row += 1) {
  visits.push(`v${row},p${row % 7},2024-03-${String((row % 28) + 1).padStart(2, '0')},${row % 13},${['de', 'fr', ''][row % 3]},${row % 2 === 0 ? 'yes' : 'no'},${row % 5 === 0 ? 'bought' : 'left'}`)
}
const visitsCsv = `${visits.join('\n')}\n`

test('house sales become a regression that compiles and accepts its own first drop', { skip: without }, async () => {
  const folder = await folderWith('House Sales.csv', await firstLines(kingCounty, 2001))
  const { code, out, error } = await refit(['init', 'House Sales.csv', '--target', 'price'], { folder })
  assert.equal(code, 0, error)
  assert.match(out, /✓ house-sales {2}regression of price/)
  assert.match(out, / refit up/)
  const model = await modelOf(folder)
  assert.equal(model.task, 'regression')
  assert.deepEqual(model.source, { kind: 'folder', options: { path: 'drops/house-sales' } })
  assert.equal(model.split.kind, 'group')
  const { date, price, zipcode, sqft_living: size } = rolesOf(model)
  assert.deepEqual({ date, price, zipcode, size }, { date: 'time', price: 'target', zipcode: 'category', size: 'number' })
  assert.equal((await readFirstDrop(folder, model))?.accepted, true)
  assert.equal(await compile(folder), '')
})

test('all house sales show that one house is sold more than once, so its id is the group', { skip: without }, async () => {
  const folder = await folderWith('nothing.txt', '')
  const { code, out, error } = await refit(['init', kingCounty, '--folder', folder, '--name', 'house-price', '--target', 'price', '--json'])
  assert.equal(code, 0, error)
  const answer: unknown = JSON.parse(out)
  assert.ok(typeof answer === 'object' && answer !== null && 'files' in answer && 'drop' in answer)
  assert.equal(answer.drop, 'drops/house-price/king-county-house-sales.csv')
  assert.equal(rolesOf(await modelOf(folder))['id'], 'group')
})

test('a file of classes becomes a classification, with its key, its time and what may be empty', async () => {
  const folder = await folderWith('visits.csv', visitsCsv)
  const { code, error } = await refit(['init', 'visits.csv', '--target', 'outcome', '--group', 'visitor', '--split', 'time'], { folder })
  assert.equal(code, 0, error)
  const model = await modelOf(folder)
  assert.equal(model.task, 'classification')
  assert.equal(model.split.kind, 'time')
  assert.deepEqual(rolesOf(model), { visit_id: 'key', visitor: 'group', seen_at: 'time', pages: 'number', country: 'category', paid: 'boolean', outcome: 'target' })
  assert.deepEqual(model.columns['outcome']?.values, ['bought', 'left'])
  assert.equal(model.columns['country']?.optional, true)
  assert.equal((await readFirstDrop(folder, model))?.accepted, true)
  assert.equal(await readFile(join(folder, '.gitignore'), 'utf8'), '.refit/\nnode_modules/\n')
  assert.equal(await compile(folder), '')
})

test('JSON is read as CSV is', async () => {
  const rows = Array.from({ length: 40 }, (_, row) => ({ order_id: `o${row}`, hours: row * 1.5, express: row % 2 === 0 }))
  const folder = await folderWith('orders.json', JSON.stringify(rows))
  const { code, error } = await refit(['init', 'orders.json', '--target', 'hours'], { folder })
  assert.equal(code, 0, error)
  const model = await modelOf(folder)
  assert.deepEqual(rolesOf(model), { order_id: 'key', hours: 'target', express: 'boolean' })
  assert.equal((await readFirstDrop(folder, model))?.accepted, true)
})

test('without a terminal, everything that is open is named by its flag, and --yes takes what is proposed', async () => {
  const csv = ['customer_id,session_id,device,rating,minutes', ...Array.from({ length: 90 }, (_, row) => `${row % 30},${row % 45},${row % 2 === 0 ? 'phone' : 'desk'},${(row % 5) + 1},${row * 0.5}`)].join('\n')
  const folder = await folderWith('sessions.csv', csv)
  const open = await refit(['init', 'sessions.csv'], { folder })
  assert.equal(open.code, 1)
  assert.match(open.error, /Missing: --target, --group\n {2}--target: .*Perhaps minutes.*\n {2}--group: .*Perhaps customer_id/)
  const task = await refit(['init', 'sessions.csv', '--target', 'rating', '--group', 'customer_id', '--json'], { folder })
  assert.match(task.error, /"code":"flag-needed","message":"[^"]*Missing: --task"/)
  assert.deepEqual(await readdir(folder), ['sessions.csv'])
  const { code, error } = await refit(['init', 'sessions.csv', '--yes', '--ignore', 'rating'], { folder })
  assert.equal(code, 0, error)
  assert.deepEqual(rolesOf(await modelOf(folder)), { customer_id: 'group', session_id: 'ignored', device: 'category', rating: 'ignored', minutes: 'target' })
})

test('choices that do not fit the data are refused at their flags', async () => {
  const folder = await folderWith('visits.csv', visitsCsv)
  const attempts: readonly (readonly [readonly string[], readonly RegExp[]])[] = [
    [
      ['--target', 'country', '--time', 'pages', '--key', 'nothing', '--name', 'Visits!'],
      [
        /--target: country has no value in 20 rows; leave those rows out/,
        /--time: pages is no time/,
        /--key: there is no column "nothing"; there are: visit_id, visitor/,
        /--name: "Visits!" is no name of a model/,
      ],
    ],
    [
      ['--target', 'outcome', '--task', 'regression', '--ignore', 'outcome', '--time', 'none', '--split', 'time'],
      [/--target: outcome is no number/, /--target: outcome cannot play several parts/, /--split: a split by time needs a time column/],
    ],
    [['--target', 'outcome', '--ignore', 'pages,country,paid,visitor'], [/--ignore: no column is left to predict from/]],
  ]
  for (const [flags, expected] of attempts) {
    const { code, error } = await refit(['init', 'visits.csv', ...flags], { folder })
    assert.equal(code, 1, flags.join(' '))
    for (const fault of expected) assert.match(error, fault)
  }
  assert.deepEqual(await readdir(folder), ['visits.csv'])
})

test('a number with strays is told as what it would be', async () => {
  const csv = ['price,rooms', ...Array.from({ length: 40 }, (_, row) => `${row === 7 ? 'NA' : row * 1000},${row % 4}`)].join('\n')
  const folder = await folderWith('prices.csv', csv)
  assert.match((await refit(['init', 'prices.csv', '--target', 'price'], { folder })).error, /price would be a number, but 1 row say something else, such as "NA"/)
})

const hostile = ['a "quoted" name', "it's", 'über größe ✓', '*/ process.exit(9) //', 'line\nbreak\u2028end', '${code}', 'back\\slash', 'constructor', 'n', 'v', '2024', 'class']

test('hostile names and values of columns end up as names and values, nothing else', async () => {
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`
  const lines = [hostile.map(quoted).join(',')]
  for (let row = 0; row < 50; row += 1) lines.push(hostile.map((_, column) => (column === 11 ? quoted(row % 2 === 0 ? `'); throw 1 //` : '\\"\n*/') : `${row * 1.5 + column}`)).join(','))
  const folder = await folderWith("it's; data.csv", `${lines.join('\n')}\n`)
  const { code, error } = await refit(['init', "it's; data.csv", '--target', 'class'], { folder })
  assert.equal(code, 0, error)
  const model = await modelOf(folder)
  assert.equal(model.name, 'it-s-data')
  assert.deepEqual(Object.keys(model.columns).toSorted(), hostile.toSorted())
  assert.deepEqual(model.columns['class']?.values, [`'); throw 1 //`, '\\"\n*/'])
  assert.equal((await readFirstDrop(folder, model))?.accepted, true)
  assert.equal(await compile(folder), '')
})

test('names that no row can carry are refused before anything is written', async () => {
  for (const name of ['__proto__', 'refit_side']) {
    const folder = await folderWith('data.csv', `x,${name},y\n1,2,3\n2,3,4\n`)
    const { code, error } = await refit(['init', 'data.csv', '--target', 'y'], { folder })
    assert.equal(code, 1)
    assert.match(error, new RegExp(`✗ data.csv cannot start a project: column "${name}" must be renamed`))
    assert.deepEqual(await readdir(folder), ['data.csv'])
  }
})

test('what is no data is refused in words', async () => {
  const attempts: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
    ['empty.csv', '', /empty\.csv cannot start a project: The file is empty \(0 bytes\)/],
    ['header.csv', 'a,b\n', /it has a header but no rows/],
    ['ragged.csv', 'a,b\n1,2\n1,2,3\n', /Row 2 has more values than the header/],
    ['same.csv', 'a,b\n1,2\n1,2\n', /every column has one value at most/],
    ['broken.parquet', 'PAR1 is all that is right here', /cannot start a project: The file cannot be read/],
    ['broken.json', '[{"a": 1', /cannot start a project: .*is not valid JSON/],
  ]
  for (const [file, content, expected] of attempts) {
    const folder = await folderWith(file, '')
    await writeFile(join(folder, file), content)
    const { code, error } = await refit(['init', file, '--yes'], { folder })
    assert.equal(code, 1, file)
    assert.match(error, expected)
    assert.ok(!error.includes(folder), 'no path of ours')
    assert.deepEqual(await readdir(folder), [file])
  }
  assert.match((await refit(['init', 'nowhere.csv'], { folder: scratch })).error, /cannot be read: ENOENT/)
  assert.match((await refit(['init', '.'], { folder: scratch })).error, /cannot be read: it is no file/)
})

test('nothing that is there already is overwritten', async () => {
  const folder = await folderWith('visits.csv', visitsCsv)
  await writeFile(join(folder, '.gitignore'), 'secrets')
  await writeFile(join(folder, 'package.json'), '{}')
  const again = (...flags: string[]): ReturnType<typeof refit> => refit(['init', 'visits.csv', '--target', 'outcome', '--group', 'none', ...flags], { folder })
  assert.equal((await again()).code, 0)
  assert.equal(await readFile(join(folder, '.gitignore'), 'utf8'), 'secrets\n.refit/\n')
  assert.equal(await readFile(join(folder, 'package.json'), 'utf8'), '{}')
  const refused = await again()
  assert.equal(refused.code, 1)
  assert.match(refused.error, /would be overwritten: refit\.config\.ts, models\/visits\.ts, drops\/visits\/visits\.csv/)
  assert.match((await again('--name', 'other')).error, /would be overwritten: refit\.config\.ts/)
})

test('data that lies in its folder of drops already stays where it is', async () => {
  const folder = await folderWith('nothing.txt', '')
  await mkdir(join(folder, 'drops', 'visits'), { recursive: true })
  await writeFile(join(folder, 'drops', 'visits', 'visits.csv'), visitsCsv)
  const { code, error } = await refit(['init', 'drops/visits/visits.csv', '--target', 'outcome'], { folder })
  assert.equal(code, 0, error)
  assert.equal((await readFirstDrop(folder, await modelOf(folder)))?.accepted, true)
})

/** Runs `refit` on a terminal; each answer is given when its question is there. */
async function onTerminal(context: TestContext, commandLine: string, folder: string, answers: readonly (readonly [asked: string, answer: string])[]): Promise<string> {
  const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))
  const { PATH = '', HOME = '' } = process.env
  const child = spawn('script', ['-qec', `${process.execPath} ${main} ${commandLine}; echo "exit $?"`, '/dev/null'], { cwd: folder, env: { PATH, HOME, TERM: 'xterm', NO_COLOR: '1' } })
  context.after(() => child.kill())
  let shown = ''
  let answered = 0
  let next = 0
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text
    const [asked, answer] = answers[next] ?? []
    if (asked === undefined || answer === undefined || !shown.slice(answered).includes(asked)) return
    answered = shown.length
    next += 1
    child.stdin.write(answer)
  })
  await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return shown
}

test('on a terminal what is open is asked, a bad answer again, and Enter takes the proposal', { skip: withoutScript }, async (context) => {
  const folder = await folderWith('visits.csv', visitsCsv)
  const shown = await onTerminal(context, 'init visits.csv', folder, [
    ['Which column is predicted?', 'nonsense\r'],
    ['Which column is predicted?', 'PAGES\r'],
    ['amounts (regression) or classes', '\r'],
  ])
  assert.match(shown, /"nonsense" is none of: /)
  assert.match(shown, /exit 0/)
  assert.equal((await modelOf(folder)).task, 'regression')
})

test('Ctrl-C and the end of input leave nothing behind', { skip: withoutScript }, async (context) => {
  for (const key of ['\u0003', '\u0004']) {
    const folder = await folderWith('visits.csv', visitsCsv)
    const shown = await onTerminal(context, 'init visits.csv', folder, [['Which column is predicted?', key]])
    assert.match(shown, /Nothing has been written\.\s+exit 130/)
    assert.deepEqual(await readdir(folder), ['visits.csv'])
  }
})
