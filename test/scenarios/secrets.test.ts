import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { sql } from 'kysely'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { createProject, type RunningProject } from '../support/running-project.js'
import { DROPS, MODEL, deliveries, smallProject } from '../support/small-project.js'

const VALUE = 'correct-horse-battery-staple'
const PASSWORD = 'hunter-of-the-lost-password'

for (const [kind, train, showing] of [
  ['module', "module('trainer.ts', { predictor: 'predictor.ts', parameters: { key: `Bearer ${secret('TRAINER_KEY')}` } })", 'parameters.key'],
  ['command', "command(['node', 'program.mjs'], { environment: { KEY: `Bearer ${secret('TRAINER_KEY')}` } })", 'process.env.KEY'],
] as const) {
  test(`secrets reach the database and the trainer (${kind}), and stand nowhere else`, async (t) => {
    const database = await startDatabase()
    t.after(() => database.stop())
    const project = await projectWithSecrets(t, database, train, showing)
    await project.up({ environment: { TRAINER_KEY: VALUE, DATABASE_PASSWORD: PASSWORD } })
    await project.put(`${DROPS}/week-01.csv`, deliveries(1))
    const run = await project.ended(`${MODEL}-1`)
    assert.equal(run.outcome, 'promoted', run.explanation)
    assert.equal(await readFile(join(project.folder, 'seen.txt'), 'utf8'), `Bearer ${VALUE}`)

    const api = project.api()
    const answers = [await api.model(MODEL), run, await api.project(), await api.version(MODEL, 1)].map((answer) => JSON.stringify(answer))
    assert.ok(answers[0]?.includes('Bearer ${secret:TRAINER_KEY}'))
    await project.down()
    const kept = [...answers, ...(await contentOf(database)), ...(await filesBelow(project.stateFolder))]
    assert.ok(kept.length > 50)
    for (const text of kept) assert.ok(!text.includes(VALUE) && !text.includes(PASSWORD), text)
  })
}

/** Its trainer shows what it was handed in a file of the project's folder. */
async function projectWithSecrets(t: TestContext, { url }: RunningDatabase, train: string, showing: string): Promise<RunningProject> {
  const files = smallProject({ train })
  const config = (files['refit.config.ts'] ?? '')
    .replace('import { ', 'import { secret, ')
    .replace('defineProject({', () => `defineProject({ database: \`${url.replace('@', () => ":${secret('DATABASE_PASSWORD')}@")}\`,`)
  const trainer = (files['trainer.ts'] ?? '').replace('modelFolder, target }', 'modelFolder, target, parameters }').replace('console.log(', `writeFileSync('seen.txt', ${showing}); console.log(`)
  const program = `
import { copyFileSync } from 'node:fs'
${trainer.replace('export default ', '')}
const { REFIT_TRAIN: trainFolder, REFIT_MODEL_DIR: modelFolder, REFIT_TARGET: target } = process.env
await train({ trainFolder, modelFolder, target })
copyFileSync('predictor.ts', join(modelFolder, 'predictor.mjs'))
`
  const project = await createProject({ ...files, 'refit.config.ts': config, 'trainer.ts': trainer, 'program.mjs': program })
  t.after(() => project.close())
  return project
}

/** Every row of every table, as text. */
async function contentOf({ database }: RunningDatabase): Promise<readonly string[]> {
  const tables = await sql<{ name: string }>`select table_name as name from information_schema.tables where table_schema = 'public'`.execute(database)
  const contents = await Promise.all(tables.rows.map(({ name }) => sql<{ content: string }>`select to_json(entries)::text as content from ${sql.table(name)} as entries`.execute(database)))
  return contents.flatMap(({ rows }) => rows.map(({ content }) => content))
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return Promise.all(entries.filter((entry) => entry.isFile()).map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1')))
}
