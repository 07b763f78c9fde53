import { join } from 'node:path'
import { PREPARE_FILE } from '../packages/manifest.js'
import { bundleForRealm } from '../prepare/bundle-for-realm.js'
import type { Purpose } from '../prepare/realm.js'
import type { Ingested, KeptModule } from './ingested.js'
import type { LifecycleRun, Rooms } from './run.js'

type Modules = Pick<Ingested, 'prepare' | 'metrics'>

/**
 * Bundles the modules that rows are taken through, and keeps them: the run goes on with the same bytes, whatever becomes of
 * the project's files, and they are part of its fingerprint.
 */
export async function keepModules(rooms: Rooms, { definition }: LifecycleRun, folder: string): Promise<Modules> {
  const { prepare, metrics } = definition
  const keep = async (path: string, file: string, purpose: Purpose): Promise<KeptModule> => {
    const bundle = join(folder, file)
    await bundleForRealm(rooms.projectFolder, path, bundle, purpose)
    const { key, sha256 } = await rooms.objects.putFile('files', bundle)
    return { object: key, sha256 }
  }
  return {
    ...(prepare === undefined ? {} : { prepare: await keep(prepare.path, PREPARE_FILE, 'prepared') }),
    ...(metrics === undefined
      ? {}
      : { metrics: Object.fromEntries(await Promise.all(Object.entries(metrics).map(async ([name, { path }]) => [name, await keep(path, `metric-${name}.cjs`, 'measured')] as const))) }),
  }
}
