import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { test, type TestContext } from 'node:test'
import { RefitError } from '../../src/errors.js'
import { processesWithToken } from '../../src/processes/proc.js'
import { produceSource } from '../../src/sources/produce/adapter.js'
import { produce, type ProduceOptions } from '../../src/sources/produce/definition.js'
import type { ListedObject, Source } from '../../src/sources/source.js'

const { signal } = new AbortController()

/** A project whose `export.mjs` a source runs; its code has `fs`, `output`, `next` and `watermark` at hand. */
interface Exporting {
  readonly stateFolder: string
  source(code: string, options?: ProduceOptions): Promise<Source>
  /** Whether any process of the source is left. */
  living(): Promise<number>
}

async function exporting(context: TestContext): Promise<Exporting> {
  const projectFolder = await mkdtemp(join(tmpdir(), 'refit-produce-'))
  context.after(() => rm(projectFolder, { recursive: true, force: true }))
  const stateFolder = join(projectFolder, '.refit')
  const head = `import fs from 'node:fs'\nimport { spawn } from 'node:child_process'\nconst { REFIT_OUTPUT: output, REFIT_NEXT_WATERMARK: next, REFIT_WATERMARK: watermark } = process.env\n`
  return {
    stateFolder,
    source: async (code, options = {}) => {
      await writeFile(join(projectFolder, 'export.mjs'), head + code)
      return produceSource({ projectFolder, stateFolder, model: 'sales' }, produce([process.execPath, 'export.mjs'], options).options)
    },
    living: async () => (await processesWithToken((token) => token.startsWith(stateFolder))).length,
  }
}

async function look(source: Source, watermark?: string): Promise<ListedObject | undefined> {
  const [drop, ...others] = await source.list({ signal, watermark })
  assert.deepEqual(others, [])
  return drop
}

/** Keys and contents of what one look gives. */
async function take(source: Source, watermark?: string): Promise<{ readonly key: string; readonly contents: Readonly<Record<string, string>>; readonly watermark: string | undefined }> {
  const drop = await look(source, watermark)
  assert.ok(drop !== undefined)
  const contents: Record<string, string> = {}
  for (const file of drop.files ?? [drop]) contents[file.key] = await text(await source.open(file))
  return { key: drop.key, contents, watermark: drop.watermark }
}

async function failureOf(source: Source): Promise<string> {
  let message = ''
  await assert.rejects(look(source), (error) => {
    message = String(error)
    return error instanceof RefitError && error.code === 'source-unreadable'
  })
  return message
}

test('a file that a command writes is a drop; written again it is the same one with other bytes', async (t) => {
  const { source } = await exporting(t)
  assert.deepEqual(await take(await source(`fs.writeFileSync(output, 'a\\n1\\n')`)), { key: 'output', contents: { output: 'a\n1\n' }, watermark: undefined })
  assert.deepEqual((await take(await source(`fs.writeFileSync(output, 'a\\n2\\n')`))).contents, { output: 'a\n2\n' })
})

test('a folder that a command writes is a drop of several files', async (t) => {
  const { source } = await exporting(t)
  const written = await source(`
    fs.mkdirSync(output + '/colour=red', { recursive: true })
    fs.writeFileSync(output + '/colour=red/a.csv', 'a\\n1\\n')
    fs.writeFileSync(output + '/b.csv', 'a\\n22\\n')
    fs.writeFileSync(output + '/.hidden', 'no data')
    fs.writeFileSync(next, 'week 5\\n')`)
  const drop = await look(written)
  assert.deepEqual([drop?.bytes, drop?.files?.length], [9, 2])
  const { key, contents, watermark } = await take(written)
  assert.match(key, /^week-5-[0-9a-f]{8}$/)
  assert.deepEqual(contents, { [`${key}/b.csv`]: 'a\n22\n', [`${key}/colour=red/a.csv`]: 'a\n1\n' })
  assert.equal(watermark, 'week 5')
})

test('a command goes on where its last drop ended', async (t) => {
  const { source } = await exporting(t)
  const counting = await source(`
    const from = watermark === '' ? 0 : Number(watermark)
    fs.writeFileSync(output, 'a\\n' + (from + 1) + '\\n')
    fs.writeFileSync(next, String(from + 1))`)
  assert.deepEqual(await take(counting), { key: '1', contents: { 1: 'a\n1\n' }, watermark: '1' })
  assert.deepEqual(await take(counting, '1'), { key: '2', contents: { 2: 'a\n2\n' }, watermark: '2' })
  assert.deepEqual(await take(counting, '1'), { key: '2', contents: { 2: 'a\n2\n' }, watermark: '2' }, 'what was not recorded is produced again')
})

test('nothing is new when a command writes nothing, an empty folder, or comes no further', async (t) => {
  const { source } = await exporting(t)
  for (const code of ['', 'fs.mkdirSync(output)', `fs.writeFileSync(next, '9')`, `fs.writeFileSync(output, 'a\\n'); fs.writeFileSync(next, watermark)`]) {
    assert.equal(await look(await source(code), '7'), undefined, code)
  }
})

test('a command that fails is told with its last words and its log, which the next good run leaves alone', async (t) => {
  const { source, stateFolder } = await exporting(t)
  const message = await failureOf(await source(`fs.writeFileSync(output, 'half'); console.log('connecting'); console.error('password refused'); process.exit(3)`))
  assert.match(message, /ended with exit code 3: connecting \| password refused \(its log is /)
  assert.equal(await look(await source('')), undefined)
  assert.equal(await readFile(join(stateFolder, 'sources', 'sales', 'failed.log'), 'utf8'), 'connecting\npassword refused\n')
  assert.match(message, new RegExp(join(stateFolder, 'sources', 'sales', 'failed.log')))
})

test('a command that says nothing when it fails, or is not there at all, is told too', async (t) => {
  const { source, stateFolder } = await exporting(t)
  assert.match(await failureOf(await source('process.exit(1)')), /ended with exit code 1: it printed nothing/)
  assert.match(await failureOf(await source(`process.kill(process.pid, 'SIGKILL')`)), /was killed by SIGKILL/)
  const absent = produceSource({ projectFolder: stateFolder, stateFolder, model: 'sales' }, produce(['no-such-program']).options)
  assert.match(await failureOf(absent), /could not be started, .*no-such-program/)
})

test('of a command that throws, what it threw is told, and not where', async (t) => {
  const { source } = await exporting(t)
  assert.match(await failureOf(await source(`throw new Error('the shop does not answer')`)), /Error: the shop does not answer \(its log/)
})

test('a command that hangs is ended with its children when its time is over', async (t) => {
  const { source, living } = await exporting(t)
  const hanging = await source(`spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }).unref(); console.log('waiting for the server'); setInterval(() => undefined, 1000)`, { time: '1 second' })
  assert.match(await failureOf(hanging), /took longer than 1 seconds and was ended: waiting for the server/)
  assert.equal(await living(), 0)
})

test('a command that takes too much memory is ended', async (t) => {
  const { source, living } = await exporting(t)
  const greedy = await source(`const kept = []; setInterval(() => kept.push(Buffer.alloc(50_000_000, 1)), 20)`, { memory: 400 })
  assert.match(await failureOf(greedy), /used \d+ MB of memory, 400 MB are allowed, and was ended/)
  assert.equal(await living(), 0)
})

test('a command whose look is given up is ended with its children', async (t) => {
  const { source, living } = await exporting(t)
  const hanging = await source(`spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }).unref(); setInterval(() => undefined, 1000)`)
  const looking = new AbortController()
  const listing = hanging.list({ signal: looking.signal, watermark: undefined })
  while ((await living()) < 2) await new Promise((resolve) => setTimeout(resolve, 20))
  looking.abort()
  await assert.rejects(listing, { name: 'AbortError' })
  assert.equal(await living(), 0)
})

test('a file larger than any buffer comes whole', async (t) => {
  const { source } = await exporting(t)
  const written = await source(`for (let part = 0; part < 200; part += 1) fs.appendFileSync(output, Buffer.alloc(1_000_000, 'x'))`)
  const drop = await look(written)
  assert.equal(drop?.bytes, 200_000_000)
  const hash = createHash('sha256')
  await pipeline(await written.open(drop), hash)
  const expected = createHash('sha256')
  for (let part = 0; part < 200; part += 1) expected.update(Buffer.alloc(1_000_000, 'x'))
  assert.equal(hash.digest('hex'), expected.digest('hex'))
})

test('output that is no plain file, and a watermark of a whole page, are refused', async (t) => {
  const { source } = await exporting(t)
  assert.match(await failureOf(await source(`fs.symlinkSync('/etc/hostname', output)`)), /is no plain file/)
  assert.match(await failureOf(await source(`fs.writeFileSync(next, 'x'.repeat(2000))`)), /left a watermark of 2000 bytes/)
})

test('what was announced before the command ran again is not taken for what it has written since', async (t) => {
  const { source } = await exporting(t)
  const writing = await source(`fs.writeFileSync(output, 'a\\n' + process.pid + '\\n'); fs.writeFileSync(next, String(process.pid))`)
  const former = await look(writing)
  assert.ok(former !== undefined)
  await look(writing)
  await assert.rejects(writing.open(former), (error) => error instanceof RefitError && error.code === 'source-object-gone')
})

test('a command gets the variables it was given, secrets revealed, and little else', async (t) => {
  const { source } = await exporting(t)
  process.env['REFIT_TEST_SALES_KEY'] = 'the value'
  t.after(() => delete process.env['REFIT_TEST_SALES_KEY'])
  const { contents } = await take(await source('fs.writeFileSync(output, JSON.stringify(process.env))', { environment: { KEY: 'is ${secret:REFIT_TEST_SALES_KEY}' } }))
  assert.match(contents['output'] ?? '', /"KEY":"is the value"/)
  assert.doesNotMatch(contents['output'] ?? '', /REFIT_TEST_SALES_KEY/)
})
