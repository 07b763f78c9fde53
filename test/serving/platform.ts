import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { systemClock as clock } from '../../src/clock.js'
import { connect } from '../../src/database/connection.js'
import { startEmbeddedServer, stopEmbeddedServer } from '../../src/database/embedded/server.js'
import { migrate } from '../../src/database/migrate.js'
import type { Database } from '../../src/database/schema.js'
import { filesystemObjects } from '../../src/objects/filesystem/adapter.js'
import { buildPackage } from '../../src/packages/build.js'
import type { PackagePrepare, Signature } from '../../src/packages/manifest.js'
import { storePackage } from '../../src/packages/store.js'
import { rollback } from '../../src/registry/champion.js'
import { registerModels } from '../../src/registry/models.js'
import { forcePromotion } from '../../src/registry/promotion.js'
import { removeProject } from '../support/remove-project.js'
import { modelNamed, projectOf } from '../support/stored-models.js'

/** A database and an object store, where versions are published as a run would: all that serving follows. */
export interface Platform {
  readonly stateFolder: string
  readonly databaseUrl: string
  readonly database: Database
  /** Packages a module with this `predict(rows)` as the model's next version, which has passed; gives its number and digest. */
  addVersion(model: string, predict: string, signature?: Signature): Promise<{ readonly version: number; readonly digest: string }>
  /** The same with a module of this source. */
  addModule(model: string, source: string, signature?: Signature): Promise<{ readonly version: number; readonly digest: string }>
  /** The same of what `leave` puts into a folder, in another format, or with rows that are prepared. */
  addFolder(model: string, made: { readonly format: string; readonly signature: Signature; readonly prepare?: PackagePrepare }, leave: (folder: string) => Promise<void>): Promise<{ readonly version: number; readonly digest: string }>
  promote(model: string, version: number): Promise<void>
  /** Both. */
  publish(model: string, predict: string, signature?: Signature): Promise<{ readonly version: number; readonly digest: string }>
  rollback(model: string): Promise<number>
  /** Takes models out of the project, all but these. */
  keepModels(...models: readonly string[]): Promise<void>
  stopDatabase(): Promise<void>
  /** At once, without a word to those who use it. */
  killDatabase(): Promise<void>
  startDatabase(): Promise<void>
  stop(): Promise<void>
}

export const roomsSignature: Signature = {
  task: 'regression',
  inputs: [
    { name: 'rooms', type: 'number', optional: false },
    { name: 'district', type: 'category', optional: true },
    { name: 'garden', type: 'boolean', optional: true },
  ],
  target: 'price',
  classes: [],
}

/** The body of a `predict(rows)` that multiplies. */
export function times(factor: number): string {
  return `return rows.map(({ rooms }) => rooms * ${factor})`
}

export async function startPlatform(...models: readonly string[]): Promise<Platform> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-serving-'))
  const stateFolder = join(folder, '.refit')
  let server = await startEmbeddedServer(stateFolder)
  const { database, close } = connect(server.url, { applicationName: 'test' })
  await migrate(database)
  const keepModels = (...kept: readonly string[]): Promise<void> => registerModels(database, clock, projectOf(...kept.map((model) => modelNamed(model))), 'test')
  await keepModels(...models)
  const objects = filesystemObjects(join(stateFolder, 'objects'))
  const numbers = new Map<string, number>()

  const addVersion: Platform['addVersion'] = (model, predict, signature) => addModule(model, `export const load = () => ({ predict: (rows) => { ${predict} } })`, signature)
  const addModule: Platform['addModule'] = (model, source, signature = roomsSignature) => addFolder(model, { format: 'module', signature }, (made) => writeFile(join(made, 'predictor.mjs'), source))
  const addFolder: Platform['addFolder'] = async (model, described, leave) => {
    const made = join(folder, 'made', randomUUID())
    await mkdir(made, { recursive: true })
    await leave(made)
    const { format, signature } = described
    await buildPackage(made, described)
    const { digest } = await storePackage(objects, made)
    await rm(made, { recursive: true })
    const version = (numbers.get(model) ?? 0) + 1
    numbers.set(model, version)
    const row = { model, number: version, run: null, digest, format, state: 'passed', signature: JSON.stringify(signature), verdict: null, lineage: JSON.stringify(lineage), created_at: clock.now() } as const
    await database.insertInto('versions').values(row).execute()
    return { version, digest }
  }
  const promoteTo = async (model: string, version: number): Promise<void> => {
    await forcePromotion(database, clock, { model, version, actor: 'test', reason: 'a test' })
  }
  return {
    stateFolder,
    databaseUrl: server.url,
    database,
    addVersion,
    addModule,
    addFolder,
    promote: promoteTo,
    publish: async (model, predict, signature) => {
      const added = await addVersion(model, predict, signature)
      await promoteTo(model, added.version)
      return added
    },
    rollback: async (model) => (await rollback(database, clock, { model, actor: 'test' })).version,
    keepModels,
    stopDatabase: async () => {
      await stopEmbeddedServer(stateFolder)
    },
    killDatabase: async () => {
      const { rows } = await sql<{ pid: string }>`select split_part(pg_read_file('postmaster.pid'), chr(10), 1) as pid`.execute(database)
      process.kill(Number(rows[0]?.pid), 'SIGKILL')
    },
    startDatabase: async () => {
      server = await startEmbeddedServer(stateFolder)
    },
    stop: async () => {
      await close()
      await server.release()
      await stopEmbeddedServer(stateFolder)
      await removeProject(folder)
    },
  }
}

const lineage = {
  formatVersion: 1,
  run: '',
  snapshot: '',
  drops: [],
  definitionHash: '',
  codeHash: '',
  environment: { refit: '0.1.0', node: process.version, platform: process.platform },
  seed: 1,
  split: {},
}
