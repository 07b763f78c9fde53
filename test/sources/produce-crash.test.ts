import assert from 'node:assert/strict'
import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { systemClock } from '../../src/clock.js'
import type { Drop } from '../../src/drops/drop.js'
import { filesystemObjects } from '../../src/objects/filesystem/adapter.js'
import { processesWithToken } from '../../src/processes/proc.js'
import { registerModels } from '../../src/registry/models.js'
import { produce } from '../../src/sources/produce/definition.js'
import { seededRandom } from '../support/seeded-random.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { modelNamed, projectOf } from '../support/stored-models.js'
import { recordedUntil, recordWithKills, startRecording } from './recording.js'

let running: RunningDatabase
before(async () => {
  running = await startDatabase({ connections: 5 })
})
after(() => running.stop())

/** Exports the lines of sales.txt beyond the watermark, which is a number of lines. */
const script = `
import fs from 'node:fs'
const { REFIT_OUTPUT, REFIT_NEXT_WATERMARK, REFIT_WATERMARK } = process.env
const lines = fs.readFileSync('sales.txt', 'utf8').trim().split('\\n')
const fresh = lines.slice(Number(REFIT_WATERMARK))
if (fresh.length > 0) {
  fs.writeFileSync(REFIT_OUTPUT, 'id\\n' + fresh.join('\\n') + '\\n')
  fs.writeFileSync(REFIT_NEXT_WATERMARK, String(lines.length))
}
`

test('what a command produces is recorded once, however often the recording dies; nothing of it is left running', async (t) => {
  const random = seededRandom(t)
  const sales = join(running.folder, 'sales.txt')
  await writeFile(sales, '1\n')
  await writeFile(join(running.folder, 'export.mjs'), script)
  const source = produce([process.execPath, 'export.mjs'], { every: '20 milliseconds' })
  await registerModels(running.database, systemClock, projectOf(modelNamed('exported', { source, triggers: [] })), 'test')
  let sold = 1
  const selling = setInterval(() => {
    sold += 1
    void appendFile(sales, `${sold}\n`)
  }, 40)
  t.after(() => clearInterval(selling))
  await recordWithKills(t, running, random)
  clearInterval(selling)
  const objects = filesystemObjects(join(running.folder, 'objects'))
  const idsOf = async (drops: readonly Drop[]): Promise<readonly number[]> =>
    (await Promise.all(drops.map(async ({ object }) => text(await objects.read(object))))).flatMap((csv) => csv.trim().split('\n').slice(1).map(Number))
  const drops = await recordedUntil(t, running, 'exported', async (recorded) => (await idsOf(recorded)).length >= sold)
  assert.deepEqual(await idsOf(drops), Array.from({ length: sold }, (_, index) => index + 1))
  assert.ok(drops.length > 1)
})

test('a command that a killed control has left running is ended before it is started again', async (t) => {
  await writeFile(join(running.folder, 'hang.mjs'), `import fs from 'node:fs'\nif (fs.existsSync('go-on')) fs.writeFileSync(process.env.REFIT_OUTPUT, 'id\\n1\\n')\nelse setInterval(() => undefined, 1000)\n`)
  const source = produce([process.execPath, 'hang.mjs'])
  await registerModels(running.database, systemClock, projectOf(modelNamed('hanging', { source, triggers: [] })), 'test')
  const living = (): Promise<readonly number[]> => processesWithToken((token) => token === `${join(running.folder, '.refit')}/sources/hanging`)
  const child = startRecording(t, running, 'go')
  while ((await living()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  await child.kill()
  assert.equal((await living()).length, 1)
  await writeFile(join(running.folder, 'go-on'), '')
  const drops = await recordedUntil(t, running, 'hanging', (recorded) => Promise.resolve(recorded.length === 1))
  assert.deepEqual(drops.map(({ key }) => key), ['output'])
  assert.deepEqual(await living(), [])
})
