import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createProject, until } from '../support/running-project.js'
import { deliveries, DROPS, MODEL, smallProject } from '../support/small-project.js'

/** What follows a zone or a language, and would differ if a process took those of its shell. */
const prepare = `
export default function prepare() {
  return {
    day: String(new Date('2026-03-02').getDay()),
    written: (1234.5).toLocaleString().replaceAll(',', '_').replaceAll('.', '-'),
    names: ['z', 'ä', 'a'].sort((a, b) => a.localeCompare(b)).join(''),
  }
}
`
const EXPECTED = '1 1_234-5 aäz'
const trainer = `
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export default function train({ trainFolder, modelFolder }) {
  const [head, row] = readFileSync(join(trainFolder, 'train.csv'), 'utf8').split('\\n').map((line) => line.split(','))
  writeFileSync(join(modelFolder, 'trained-on.json'), JSON.stringify(['day', 'written', 'names'].map((name) => row[head.indexOf(name)]).join(' ')))
}
`
/** The line that the deliveries are made of, for a row that was prepared as those it was trained on; otherwise far from it. */
const predictor = `
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export function load(folder) {
  const trainedOn = JSON.parse(readFileSync(join(folder, 'trained-on.json'), 'utf8'))
  if (trainedOn !== '${EXPECTED}') throw new Error('it was trained on ' + trainedOn)
  return { predict: (rows) => rows.map(({ distance_km, day, written, names }) => ([day, written, names].join(' ') === trainedOn ? 12 + 0.08 * distance_km : 1e6)) }
}
`

test('a row is prepared in UTC and American English by every process, whatever the shells say in which they were started', async (t) => {
  const definition = "prepare: './prepare.ts', prepared: { day: column.category(), written: column.category(), names: column.category() },"
  const project = await createProject({ ...smallProject({ definition }), 'prepare.ts': prepare, 'trainer.ts': trainer, 'predictor.ts': predictor })
  t.after(() => project.close())
  await project.up({ environment: { TZ: 'America/Los_Angeles', LANG: 'de_DE.UTF-8' } })
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  const first = await project.ended(`${MODEL}-1`)
  assert.equal(first.outcome, 'promoted', `${first.explanation} ${JSON.stringify(first.error)}`)
  const answered = (): Promise<string> =>
    until('an answer', async () => {
      const answer = await project.predict(MODEL, [{ distance_km: 100 }])
      return answer?.status === 200 ? JSON.stringify(answer.body) : undefined
    })
  assert.match(await answered(), /\b20\b/)
  await project.down()
  await project.up({ environment: { TZ: 'Asia/Tokyo', LC_ALL: 'sv_SE.UTF-8' } })
  assert.match(await answered(), /\b20\b/)
})
